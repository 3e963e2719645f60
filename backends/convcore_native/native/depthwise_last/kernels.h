// Depthwise layers whose channels stand last in memory: what the caller and the kernels agree on.
//
// target[n, i, j, c] = sum over r, s of weight[r, s, c] * source[n, i', j', c], where i' is
// i step + r dilation - before, and j' likewise; what lies outside the source does not count.
#pragma once
#include "problem/integers.h"
#include "problem/routines.h"

namespace convcore::depthwise_last {

struct Axis {
    index_t target, source;  // extents
    index_t taps, step, dilation, before;
};

// All arrays are contiguous.
struct Problem {
    index_t batch, channels;
    Axis rows, columns;
};

template <class T>
struct Routines {
    int lanes;  // no fewer channels than these
    void (*correlate)(const Problem&, const T* source, const T* weight, T* target, int threads);
    // The gradient with respect to the weight, from that with respect to the target.
    index_t most_taps;
    void (*weight_gradient)(const Problem&, const T* target, const T* source, T* weight,
                            int threads);
};

typedef BothDtypes<Routines> Table;

}  // namespace convcore::depthwise_last
