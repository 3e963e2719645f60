// 256 bits of the 32 registers of AVX-512: 24 hold sums, 4 columns, 1 a row. For processors that
// cut vectors of 512 bits in two.
#pragma once
#include "isa/tiles.h"

#define CONVCORE_ISA avx512vl
#define CONVCORE_INTEGER_ISA avx2
#define VECTOR_BYTES 32

constexpr RegisterTiles TILES{
    32,                          // registers
    {6, 4},                      // gemm_channels
    {4, 3},                      // gemm_positions
    {8, 3},                      // few_positions
    {6, 24, 4, 6, 16, 4, 4, 8},  // few_channels, in the order of FewChannelsTiles
    {6, 2},                      // winograd
    {4, 3},                      // winograd, weight gradient
};
