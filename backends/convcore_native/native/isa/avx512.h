// AVX-512. A matrix product has 24 of 32 registers for sums, 4 for columns, 1 for a row; the
// addresses of 6 rows fit too.
#pragma once
#include "isa/tiles.h"

#define CONVCORE_ISA avx512
#define CONVCORE_INTEGER_ISA avx2
#define VECTOR_BYTES 64

constexpr RegisterTiles TILES{
    32,                          // registers
    {6, 4},                      // gemm_channels
    {8, 3},                      // gemm_positions
    {8, 3},                      // few_positions
    {6, 24, 4, 6, 16, 4, 4, 8},  // few_channels, in the order of FewChannelsTiles
    {12, 2},                     // winograd
    {8, 3},                      // winograd, weight gradient
};
