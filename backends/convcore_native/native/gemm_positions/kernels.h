// Products with target positions as lanes: what the driver and the kernels agree on, in plain C
// types. A column holds what one target position reads, with zeros for padding: an entry for each
// term, which is a pair of tap and source channel.
#pragma once
#include "problem/axis.h"
#include "problem/routines.h"

namespace convcore::gemm_positions {

// Target positions that a block may have; the kernels' tables have room for as many.
constexpr index_t MAX_BLOCK_POSITIONS = 128;

// Vectors of positions of the register tile, and pieces that a vector may be put together from.
constexpr int VECTORS = 3, PIECES = 2;

// What one tap reads for one tile: lanes low .. high - 1 of a vector are those at from + lane *
// step, all others zero.
struct TapLoads {
    index_t from[PIECES][VECTORS];
    short low[PIECES][VECTORS], high[PIECES][VECTORS];
    int pieces;  // of any vector; more than PIECES if lanes have to be gathered one by one
    int lanes;   // that are not zero
};

// The columns of a block of positions are packed for some terms at a time. Terms follow each other
// by blocks of source channels, by tap, by channel.
struct Blocking {
    // The positions of an axis that read inside the source with all taps, or all of them. Those
    // before and behind make regions of their own, so that tiles read the same taps as far as
    // possible.
    index_t inner_begin[MAX_AXES], inner_end[MAX_AXES];
    index_t blocks;           // all positions are shared out among so many
    index_t source_channels;  // source channels of a block of them
    index_t depth;            // terms that are packed, and summed in registers
    index_t target_channels;  // those whose weights are used again for each tile
    index_t panel_tasks;      // parts of the target channels that are tasks of their own
    // Rows of the target that each position has to itself, two places in each; all but the first
    // place are set to zero with it. 0 where that is done beforehand, or by other parts.
    index_t spread_rows;
    // Whether the weight, which has one tap, is read where it lies.
    bool in_place;
    // Elements of the columns of each block that are packed before all else, for all tasks; 0 where
    // each packs its own. There is one tap then, and no padding.
    index_t shared;
    // Elements for a thread: columns, products that are not stored at once, and what tiles read.
    index_t columns, product, loads;
};

// A correlation with its weight, packed or as it is: one by itself, or the first or second of two
// whose positions take turns in the rows of the target, which are stored together.
template <class T>
struct Part {
    const Correlation* problem;
    const Blocking* block;
    const T* weight;
};

template <class T>
struct Routines {
    int channel_rows, tile_width;  // of the register tile: rows, and lanes over all its vectors
    int lanes;

    // Packs the weight in the order in which `correlate` reads it; returns whether all of it is
    // finite. `packed` holds terms * target channels for each group; the workspace, for each
    // thread, what Blocking tells.
    bool (*pack_weight)(const Correlation&, const Blocking&, const T* weight, T* packed,
                        int threads);
    void (*correlate)(const Part<T>*, int parts, const T* source, T* target, T* workspace,
                      int threads);
};

typedef BothDtypes<Routines> Table;
typedef Integers<Routines> IntegerTable;
typedef EveryDtype<Routines> Tables;

}  // namespace convcore::gemm_positions
