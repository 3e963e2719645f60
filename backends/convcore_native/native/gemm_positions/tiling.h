// Blocks of positions and of terms for a correlation, and which correlations are worked on
// together.
#pragma once
#include "gemm_positions/kernels.h"
#include "problem/correlation.h"

namespace convcore::gemm_positions {

struct RegisterTile {
    int rows, width;  // target channels, and positions
};

// Whether padding is left out tap by tap.
bool skips_padding(const OwnedCorrelation&);

// Whether the weight is read where it lies.
bool in_place(const OwnedCorrelation&, index_t tile_width, int itemsize);

// Has the columns packed once for all tasks, where many tasks would pack the same ones.
void share_columns(const OwnedCorrelation&, index_t tile_width, int itemsize, Blocking*);

Blocking choose_blocking(const OwnedCorrelation&, const RegisterTile&, int itemsize, int threads);

// With stride 2 a target position has two places in a row, the first for its result and the second
// zero. How many rows of such places each position fills, if they make up the whole target: one, or
// two where the rows in between are zero too. 0 if they do not, if rows are shorter than a vector,
// and if there would be more: to set them to zero beforehand is faster then (AMD Zen 3, 2026: 1.3
// of the time with four).
index_t spread_rows(const Correlation&, index_t lanes);

// Whether the positions of `odd` follow those of `even` one by one.
bool take_turns(const Correlation& even, const Correlation& odd);

// Gives two parts that are worked on together the same order of positions, and buffers that hold
// either one's columns and tables.
void make_alike(int axes, Blocking* first, Blocking* second);

}  // namespace convcore::gemm_positions
