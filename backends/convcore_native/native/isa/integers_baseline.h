// What every processor has, for integers: as for AVX2 where there is nothing better, else few tiles
// to compile.
#pragma once
#include "isa/tiles.h"

#define CONVCORE_ISA baseline
#define VECTOR_BYTES 16

#ifdef __aarch64__
constexpr RegisterTiles TILES{
    30,                         // registers
    {5, 2},                     // gemm_channels
    {4, 2},                     // gemm_positions
    {4, 2},                     // few_positions
    {5, 10, 4, 5, 8, 4, 4, 4},  // few_channels, in the order of FewChannelsTiles
    {},                         // winograd
    {},                         // winograd, weight gradient
};
#else
constexpr RegisterTiles TILES{
    14,                        // registers
    {3, 2},                    // gemm_channels
    {4, 1},                    // gemm_positions
    {2, 2},                    // few_positions
    {3, 4, 2, 2, 0, 0, 2, 4},  // few_channels, in the order of FewChannelsTiles
    {},                        // winograd
    {},                        // winograd, weight gradient
};
#endif
