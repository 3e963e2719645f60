// What minimal filtering costs, and the sizes of its blocks. Where nothing else is said: minima of
// interleaved runs on one core of an AMD EPYC (Zen 3) with AVX2, 2026.
#pragma once
#include "winograd/kernels.h"

namespace convcore::winograd {

constexpr index_t FEW_TILES = 160;  // up to here the threads share the tiles
constexpr index_t MOST_TILES = 112, MOST_GRADIENT_TILES = 128;
// Fewer tiles than this gain less from the level 2 cache than they lose to the weights, which are
// read again for each block.
constexpr index_t LEAST_TILES = 24;
// Source channels that are summed up before their sum is added.
constexpr index_t DEPTH = 128, SHARED_DEPTH = 64;
// Where the transforms magnify errors, most are those of the sums over the channels: for F(5, 3)
// twice, 64 channels, 3.3e-6 of the largest result instead of 7.4e-6, in 1.04 of the time.
constexpr index_t EXACT_DEPTH = 32;
constexpr double EXACT_UNITS = 100;
// Results stay below an error of 1e-5 of the largest one with F(4, 5) twice; the gradient of the
// weight, whose sums are long and whose results few, needs a little more.
constexpr double MOST_UNITS = 730, MOST_GRADIENT_UNITS = 240;
constexpr index_t PANELS = 2;  // of target channels, whose products are kept at a time
// Transformed weights are fetched ahead where they are so many times as large as the level 2 cache.
constexpr size_t FAR = 2;
// Elements that transformed operands, and sums of the weight gradient, may take up in the last
// level cache.
constexpr index_t SOURCE_ELEMENTS = index_t(1) << 20, GRADIENT_ELEMENTS = 5 * (index_t(1) << 19);
constexpr index_t SUM_ELEMENTS = index_t(1) << 20;

// The share of the peak that products reach.
constexpr double PRODUCT_EFFICIENCY = 0.8;
// How much longer everything takes for the gradient of the weight.
constexpr double GRADIENT_SHARE = 1.25;
// How much longer everything takes for dilated problems, and how many tiles more their strips,
// which hold no more than the dilation, could transform in the time of one (64 and 256 channels of
// 16 x 16 to 56 x 56, dilated by 2 to 12, two cores: expected 0.7 to 1.4 of what it took).
constexpr double DILATED_SHARE = 1.25, STRIP_TILES = 4;
// Seconds: a frequency of one vector of channels of a tile, for each axis and for the arrays; of
// one vector of weights; of one of their gradients; and of a call.
constexpr double TRANSFORM_VECTOR = 1e-9, WEIGHT_VECTOR = 2.5e-9, GRADIENT_VECTOR = 4e-9;
constexpr double CALL = 10e-6;

}  // namespace convcore::winograd
