// What every processor has: SSE2 on x86-64, NEON on aarch64. A matrix product has 12 registers for
// sums.
#pragma once
#include "isa/tiles.h"

#define CONVCORE_ISA baseline
#define CONVCORE_INTEGER_ISA baseline
#define VECTOR_BYTES 16

#ifdef __aarch64__
constexpr RegisterTiles TILES{
    32,                          // registers
    {6, 2},                      // gemm_channels
    {4, 3},                      // gemm_positions
    {4, 3},                      // few_positions
    {6, 12, 4, 6, 16, 4, 4, 8},  // few_channels, in the order of FewChannelsTiles
    {6, 2},                      // winograd
    {4, 3},                      // winograd, weight gradient
};
#else
// Of one channel with few row taps 4 rows instead of 12, as for AVX2: less than half of the tiles
// to compile, for processors that nobody computes on.
constexpr RegisterTiles TILES{
    16,                          // registers
    {6, 2},                      // gemm_channels
    {4, 3},                      // gemm_positions
    {4, 3},                      // few_positions
    {6, 12, 4, 6, 12, 4, 4, 4},  // few_channels, in the order of FewChannelsTiles
    {6, 2},                      // winograd
    {4, 3},                      // winograd, weight gradient
};
#endif
