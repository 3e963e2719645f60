// Blocks of positions and of terms for a correlation, and which correlations are worked on together.
#pragma once
#include "gemm_positions/kernels.h"
#include "problem/correlation.h"

namespace convcore::gemm_positions {

struct RegisterTile {
    int rows, width;  // target channels, and positions
};

// Whether padding is left out tap by tap.
bool skips_padding(const OwnedCorrelation&);

Blocking choose_blocking(const OwnedCorrelation&, const RegisterTile&, int itemsize, int threads);

// One or two, if so many rows of two places for each target position, the first place its own, make up
// the whole target; else 0, as for short rows (vectors have to fit), and for more: to set them to
// zero beforehand is faster then (AMD Zen 3: 1.3 of the time with four).
index_t spread_rows(const Correlation&, index_t lanes);

// Whether the positions of `odd` follow those of `even` one by one.
bool take_turns(const Correlation& even, const Correlation& odd);

// Both use the same columns and tables, one after the other, for positions in the same order.
void make_alike(int axes, Blocking* first, Blocking* second);

}  // namespace convcore::gemm_positions
