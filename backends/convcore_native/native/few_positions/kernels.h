// How a correlation with few positions is laid out on a copy of its source; see tiling.h.
#pragma once
#include "problem/axis.h"
#include "problem/routines.h"

namespace convcore::few_positions {

// Neighbouring elements of a source row, and where they stand in the copy. One that is `quick` is
// shorter than a vector and may be copied as one: what that writes behind it belongs to the same
// channel, and is written after it or zero.
struct Strip {
    index_t from, to, count;
    bool quick;
};

struct Tap {
    index_t shift;   // in the copy
    index_t weight;  // in the weight
};

// A row of the target: it stands in the sums of all vectors, one behind the other, from `from` on.
// One that is `quick` may be stored as a vector: what that writes behind it are the next rows.
struct Row {
    index_t from, target, count;
    bool quick;
};

// The copy holds `plane` elements for each source channel: the source with its padding, every
// phase of the stride by itself, so that one step of the target is one element.
struct Layout {
    bool padded;
    index_t plane, elements;  // `elements` counts all channels of a group and a vector more
    index_t source_size;      // of all groups, in elements
    index_t step;             // between the elements of a strip in the source
    index_t channels;         // source channels that are worked on at a time
    index_t target_channels;  // of a task, at most
    index_t together;         // groups that a thread copies and works on at a time, or 0
    index_t product;          // elements of the sums that a task works on
    index_t strips, taps, vectors, rows;
    const Strip* strip;
    const Tap* tap;
    const index_t* vector;  // where the copy holds what its first position reads with shift 0
    const Row* row;
    // The last positions, or all, where there are too few to be lanes: as many, or 0. Each has a
    // column of `column` elements, which reads, for each tap, so far into the source, or padding
    // where that is -1; and a place in the target. The columns of a group stand behind its copy.
    index_t dots, column, columns;
    const index_t *reads, *place;
};

template <class T>
struct Routines {
    int lanes;  // of a vector
    int rows;   // of the register tile: target channels

    // Returns false where a result is not finite: a weight that is not may have met padding.
    // `workspace` holds Layout::elements for each group and Layout::product for each thread; or
    // both for each of the groups that a thread works on.
    bool (*correlate)(const Correlation&, const Layout&, const T* source, const T* weight,
                      T* target, T* workspace, int threads);
};

typedef BothDtypes<Routines> Table;
typedef Integers<Routines> IntegerTable;
typedef EveryDtype<Routines> Tables;

}  // namespace convcore::few_positions
