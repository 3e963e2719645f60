// Minimal filtering (Winograd): what the driver and the kernels agree on, in plain C types.
//
// Each axis of a problem is cut into tiles of m positions, which F(m, r) computes from m + r - 1
// products, its frequencies; an axis of one tap has m = 1 and is not transformed. The positions of
// a tile stand as far apart as the taps: d tiles, each a position behind the one before it, fill
// m d positions together.
#pragma once
#include "problem/axis.h"

namespace convcore::winograd {

constexpr int AXES = 3;
// Tiles that are transformed together: neighbours on the last axis.
constexpr index_t MAX_STRIP = 16;

struct Axis {
    index_t taps, dilation;
    index_t before;  // source position that tap 0 of target position 0 reads, negated
    index_t source_extent, target_extent;
    index_t tile, frequencies;
    index_t tiles;  // of the target
};

// target[k, q] = sum over c, t of weight[k, c, t] * source[c, q + t dilation - before], images
// apart; the last axis varies fastest. All pitches are in elements.
struct Problem {
    index_t batch, source_channels, target_channels;
    index_t weight_source_pitch, weight_target_pitch;
    bool flip;  // taps stand in reverse
    Axis axis[AXES];
    index_t frequencies, taps, tiles;  // products over all axes, and over the batch
};

// Sizes of blocks and of the workspace, in elements, chosen by the driver. Transformed operands
// are [frequency][channel / lanes][tile][lane], weights [panel][frequency][source channel][column],
// products [frequency][tile][target channel]; pitches are those between frequencies. Sums of the
// weight gradient are [target channel][frequency][source channel]; there `weight_pitch` is that
// between frequencies, and `product_pitch` that between target channels.
struct Blocking {
    index_t tiles;   // that a block holds
    index_t depth;   // source channels that are summed up before their sum is added
    index_t panels;  // of target channels, whose products are kept at a time
    index_t rows;    // target channels of the weight gradient that are worked on at a time
    index_t source_pitch, target_pitch, weight_pitch, product_pitch;
    index_t prepared_pitch;   // of weights that are transformed beforehand
    bool far;                 // whether those are too many for the level 2 cache
    index_t strip_workspace;  // of a strip or of a block of weights
};

template <class T>
struct Routines {
    int lanes, tile_rows, panel_width;  // of the register tile: tiles, and target channels

    // Panels `first` to `last` of the target channels.
    void (*transform_weight)(const Problem&, const Blocking&, const T* weight, T* transformed,
                             index_t first, index_t last, T* workspace, int threads);
    // These return whether all results are finite.
    // For many tiles: every thread has its own blocks of them.
    bool (*correlate)(const Problem&, const Blocking&, const T* source, const T* transformed,
                      T* target, index_t first, index_t last, T* workspace, int threads);
    // For few tiles: the threads share them, and transform weights as they are needed, unless those
    // are given as `prepared`.
    bool (*correlate_few)(const Problem&, const Blocking&, const T* source, const T* weight,
                          const T* prepared, T* target, T* workspace, int threads);
    bool (*weight_gradient)(const Problem&, const Blocking&, const T* target, const T* source,
                            T* weight, T* workspace, int threads);
};

typedef Routines<float> Table;

}  // namespace convcore::winograd
