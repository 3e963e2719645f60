// Vectors of 64 bytes for any processor, which the compiler cuts to its own: so that the tests of a
// debug build reach the paths of AVX-512 everywhere.
#pragma once
#include "isa/tiles.h"

#define CONVCORE_ISA wide
#define CONVCORE_INTEGER_ISA baseline
#define VECTOR_BYTES 64

constexpr RegisterTiles TILES{
    32,                          // registers
    {6, 4},                      // gemm_channels
    {8, 3},                      // gemm_positions
    {4, 3},                      // few_positions
    {6, 24, 4, 6, 16, 4, 4, 8},  // few_channels, in the order of FewChannelsTiles
    {12, 2},                     // winograd
    {8, 3},                      // winograd, weight gradient
};
