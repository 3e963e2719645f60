// Matrix products with channels as lanes: what the driver and the kernels agree on, in plain C
// types.
#pragma once
#include "problem/axis.h"
#include "problem/routines.h"

namespace convcore::gemm_channels {

// Target positions that a block may have; the kernels' tables have room for as many.
constexpr index_t MAX_BLOCK_POSITIONS = 1024;

// A run of a slab's axis: from `at`, `count` source positions that are a step apart, the first one
// `relative` behind that which target position 0 of the block reads with shift 0.
struct Segment {
    index_t at, relative, count;
};

// Target positions are worked on in blocks: one position of each axis before `split`, up to
// `chunk` of axis `split`, all of the axes behind it. Every product reads
// source[position_offset + term_offset], where a term is a pair of tap and source channel: for each
// block of source channels all taps, the channel varying fastest. What a block reads may be copied
// first, into a slab with zeros for the padding, without the positions that a stride skips, and
// with its channels close together.
struct Blocking {
    bool padded;  // some tap reaches into the padding
    bool copies;  // into a slab, always where padded
    int split;
    index_t chunk;
    index_t positions;            // of the largest block
    index_t range;                // of them, at most so many times a panel at a time
    index_t row_pitch[MAX_AXES];  // elements between what neighbouring positions read
    index_t channel_pitch;
    const Segment* segments[MAX_AXES];  // of the slab, with a count for each axis
    index_t segment_count[MAX_AXES];
    index_t slab;      // elements
    index_t channels;  // source channels that are worked on at a time
    // For each tap the channels of a full block, and those of the last one.
    const index_t* term_offset;
    const index_t* last_term_offset;
    index_t terms;        // taps times source channels
    index_t depth;        // terms, or positions, that are summed in registers at a time
    index_t panel_tasks;  // parts that the target channels are cut into, each a task of its own
    index_t slices;       // weight gradient: parts of the sum, each with a result of its own
    bool skips_padding;   // weight gradient: each tap is summed only over positions that it is
                          // inside for
};

template <class T>
struct Routines {
    int panel_rows, panel_width;  // of the register tile: rows, and lanes over all its vectors
    int lanes;

    // Packs the weight in the order in which `correlate` reads it; returns whether all of it is
    // finite. `packed` holds terms * target channels, rounded up to whole vectors, for each group.
    bool (*pack_weight)(const Correlation&, const Blocking&, const T* weight, T* packed,
                        int threads);
    // `workspace` holds for each thread a slab and the product of a block: with all target
    // channels, where there are several blocks of source channels, else with those of one panel.
    void (*correlate)(const Correlation&, const Blocking&, const T* source, const T* packed,
                      T* target, T* workspace, int threads);
    // `workspace` holds as much as `packed` for each slice, and for each thread a slab and a panel
    // of the target.
    void (*weight_gradient)(const Correlation&, const Blocking&, const T* target, const T* source,
                            T* weight, T* workspace, int threads);

    // Whether no value is NaN or infinite.
    bool (*all_finite)(const T* values, index_t count);
};

typedef BothDtypes<Routines> Table;
typedef Integers<Routines> IntegerTable;
typedef EveryDtype<Routines> Tables;

}  // namespace convcore::gemm_channels
