// How a small correlation is laid out on a copy of its source; see tiling.h.
#pragma once
#include "problem/axis.h"
#include "problem/routines.h"

namespace convcore::small {

// Neighbouring elements of a source row, and where they stand in the copy.
struct Strip {
    index_t from, to, count;
};

struct Tap {
    index_t shift;   // in the copy
    index_t weight;  // in the weight
};

// Lanes of a vector of positions that belong to the target.
struct Run {
    index_t target;
    int lane, count;
};

// Positions start, start + 1, ... of the copy, one for each lane.
struct Vector {
    index_t start;
    index_t first_run, runs;
};

// The copy holds `plane` elements for each source channel: the source with its padding, every
// phase of the stride by itself, so that one step of the target is one element.
struct Layout {
    bool padded;
    index_t plane, elements;  // `elements` counts all channels of a group and a vector more
    index_t step;             // between the elements of a strip in the source
    index_t channels;         // source channels that are worked on at a time
    index_t rows;             // target channels of a task, at most
    index_t product;          // elements of what a task keeps while it is not complete
    index_t strips, taps, vectors;
    const Strip* strip;
    const Tap* tap;
    const Vector* vector;
    const Run* run;
    // Where there are too few positions to be lanes: as many, or 0. Each has a column of `column`
    // elements, which reads, for each tap, so far into the source, or padding where that is -1; and
    // a place in the target. There is no copy then.
    index_t dots, column;
    const index_t *reads, *place;
};

template <class T>
struct Routines {
    int lanes;  // of a vector

    int rows;  // of the register tile: target channels

    // Returns false where a result is not finite: a weight that is not may have met padding.
    // `workspace` holds Layout::elements and all columns for each group, and Layout::product for
    // each thread.
    bool (*correlate)(const Correlation&, const Layout&, const T* source, const T* weight,
                      T* target, T* workspace, int threads);
};

typedef BothDtypes<Routines> Table;

}  // namespace convcore::small
