// AVX2 with FMA. A matrix product has 12 of 16 registers for sums, 2 for columns, 1 for a row.
#pragma once
#include "isa/tiles.h"

#define CONVCORE_ISA avx2
#define CONVCORE_INTEGER_ISA avx2
#define VECTOR_BYTES 32

constexpr RegisterTiles TILES{
    16,                           // registers
    {6, 2},                       // gemm_channels
    {4, 3},                       // gemm_positions
    {4, 3},                       // few_positions
    {6, 12, 4, 6, 12, 12, 4, 8},  // few_channels, in the order of FewChannelsTiles
    {6, 2},                       // winograd
    {4, 3},                       // winograd, weight gradient
};
