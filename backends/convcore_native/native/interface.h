// What the drivers and the kernels of an instruction set agree on: plain C types, no functions.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "tilefft.h"
#include "winograd.h"

namespace convcore {

typedef int64_t index_t;

// The batch is an axis like the others, so there is one more than spatial axes.
constexpr int MAX_AXES = 17;

// Target positions that a block may have; the kernels' tables have room for as many.
constexpr index_t MAX_BLOCK_POSITIONS = 1024;

// One axis of a correlation. Position q of the target reads position q * step + shift[t] of the
// source for tap t; positions of the source outside 0 .. extent - 1 count as zero.
struct Axis {
    index_t count;         // positions of the target
    index_t extent;        // positions of the source
    index_t step;          // source positions from one target position to the next
    index_t taps;          // entries of shift and weight_offset
    const index_t* shift;
    const index_t* weight_offset;  // of a tap in the weight, in elements
    index_t source_pitch;  // elements between neighbouring source positions
    index_t target_pitch;  // elements between target positions q and q + 1
};

// target[g, k, q] = sum over c, t of weight[g, k, c, t] * source[g, c, q * step + shift[t]]:
// the forward pass, and each stride phase of the gradient with respect to the input. The gradient
// with respect to the weight sums over q instead. All pitches are in elements.
struct Correlation {
    index_t groups;
    index_t source_channels, target_channels;  // of one group
    index_t source_channel_pitch, target_channel_pitch;
    index_t weight_group_pitch, weight_target_pitch, weight_source_pitch;
    index_t target_start;  // where position 0 of group 0, channel 0 stands
    int axes;  // the batch is the first one; the last one varies fastest
    Axis axis[MAX_AXES];
};

// A run of a slab's axis: from `at`, `count` source positions that are a step apart, the first one
// `relative` behind that which target position 0 of the block reads with shift 0.
struct Segment {
    index_t at, relative, count;
};

// Target positions are worked on in blocks: one position of each axis before `split`, up to
// `chunk` of axis `split`, all of the axes behind it. Every product reads
// source[position_offset + term_offset], where a term is a pair of tap and source channel: for each
// block of source channels all taps, the channel varying fastest. What a block reads may be copied first, into a slab with zeros for the
// padding, without the positions that a stride skips, and with its channels close together.
struct Blocking {
    bool padded;  // some tap reaches into the padding
    bool copies;  // into a slab, always where padded
    int split;
    index_t chunk;
    index_t positions;       // of the largest block
    index_t range;           // of them, at most so many times a panel at a time
    index_t row_pitch[MAX_AXES];  // elements between what neighbouring positions read
    index_t channel_pitch;
    const Segment* segments[MAX_AXES];  // of the slab, with a count for each axis
    index_t segment_count[MAX_AXES];
    index_t slab;            // elements
    index_t channels;        // source channels that are worked on at a time
    // For each tap the channels of a full block, and those of the last one.
    const index_t* term_offset;
    const index_t* last_term_offset;
    index_t terms;           // taps times source channels
    index_t depth;           // terms, or positions, that are summed in registers at a time
    index_t panel_tasks;     // parts that the target channels are cut into, each a task of its own
    index_t slices;          // weight gradient: parts of the sum, each with a result of its own
    bool skips_padding;      // the same: each tap is summed only over positions that it is inside for
};

struct ColumnBlocking;  // see columns.h
template <class T>
struct ColumnPart;
struct Tiny;  // see tiny.h
struct Band;  // see band.h

template <class T>
struct Routines {
    int panel_rows, panel_width;  // of the register tile: rows, and lanes over all its vectors
    int lanes;

    // Packs the weight in the order in which `correlate` reads it; returns whether all of it is
    // finite. `packed` holds terms * target channels, rounded up to whole vectors, for each group.
    bool (*pack_weight)(const Correlation&, const Blocking&, const T* weight, T* packed,
                        int threads);
    // `workspace` holds for each thread a slab and the product of a block: with all target channels,
    // where there are several blocks of source channels, else with those of one panel.
    void (*correlate)(const Correlation&, const Blocking&, const T* source, const T* packed,
                      T* target, T* workspace, int threads);
    // `workspace` holds as much as `packed` for each slice, and for each thread a slab and a panel
    // of the target.
    void (*weight_gradient)(const Correlation&, const Blocking&, const T* target, const T* source,
                            T* weight, T* workspace, int threads);

    // The same with positions as lanes, in a register tile of their own. `packed` holds terms *
    // target channels for each group; the workspace, for each thread, what ColumnBlocking tells.
    int channel_rows, column_width;
    bool (*pack_column_weight)(const Correlation&, const ColumnBlocking&, const T* weight,
                               T* packed, int threads);
    void (*correlate_columns)(const ColumnPart<T>*, int parts, const T* source, T* target,
                              T* workspace, int threads);

    // A small correlation; `scratch` holds Tiny::scratch elements.
    bool (*tiny)(const Correlation&, const Tiny&, const T* source, const T* weight, T* target,
                 T* scratch);

    // Few channels. `packed` holds Band::packed_size elements; the workspace Band::scratch for each
    // thread, or Band::gradient_scratch and one result for each slice but the first.
    bool (*pack_band)(const Band&, const T* weight, T* packed, int threads);
    void (*correlate_band)(const Band&, const T* source, const T* packed, T* target,
                           T* workspace, int threads);
    // Where Band::straight holds.
    void (*correlate_straight)(const Band&, const T* source, const T* packed, T* target,
                               T* workspace, int threads);
    void (*band_gradient)(const Band&, index_t slices, const T* target, const T* source,
                          T* weight, T* workspace, int threads);

    // Whether no value is NaN or infinite.
    bool (*all_finite)(const T* values, index_t count);

    TileRoutines<T> tile;
};

// Everything that is compiled once for each instruction set.
struct Kernels {
    const char* name;
    int vector_bytes;
    Routines<float> f32;
    Routines<double> f64;
    WinogradRoutines<float> winograd;
};

}  // namespace convcore
