// How a small correlation is laid out on a copy of its source; see tiling.h.
#pragma once
#include "problem/axis.h"
#include "problem/routines.h"

namespace convcore::small {

// Neighbouring elements of a source row, and where they stand in the copy.
struct TinyStrip {
    index_t from, to, count;
};

struct TinyTap {
    index_t shift;   // in the copy
    index_t weight;  // in the weight
};

// TinyVector of a vector of positions that belong to the target.
struct TinyRun {
    index_t target;
    int lane, count;
};

// Positions start, start + 1, ... of the copy, one for each lane.
struct TinyVector {
    index_t start;
    index_t first_run, runs;
};

// The copy holds `plane` elements for each source channel: the source with its padding, every
// phase of the stride by itself, so that one step of the target is one element.
struct Tiny {
    bool padded;
    index_t plane, elements;  // `elements` counts all channels of a group and a vector more
    index_t step;            // between the elements of a strip in the source
    index_t strips, taps, vectors;
    const TinyStrip* strip;
    const TinyTap* tap;
    const TinyVector* vector;
    const TinyRun* run;
};

template <class T>
struct Routines {
    int lanes;  // of a vector

    // Returns false, with the target untouched, where a weight that is not finite would meet padding.
    // `workspace` holds Tiny::elements.
    bool (*correlate)(const Correlation&, const Tiny&, const T* source, const T* weight, T* target,
                      T* workspace);
};

typedef BothDtypes<Routines> Table;

}  // namespace convcore::small
