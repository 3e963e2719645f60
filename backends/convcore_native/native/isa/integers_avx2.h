// AVX2 for integers: a product takes a register before it is added.
#pragma once
#include "isa/tiles.h"

#define CONVCORE_ISA avx2
#define VECTOR_BYTES 32

constexpr RegisterTiles TILES{
    14,                         // registers
    {5, 2},                     // gemm_channels
    {4, 2},                     // gemm_positions
    {4, 2},                     // few_positions
    {5, 10, 4, 5, 8, 4, 4, 4},  // few_channels, in the order of FewChannelsTiles
    {},                         // winograd
    {},                         // winograd, weight gradient
};
