// What transforms of tiles cost, and how large tiles are.
#pragma once
#include "tilefft/kernels.h"

namespace convcore::tilefft {

// Longest transform on one axis of a tile: columns of it still stay in the level 1 or 2 cache.
constexpr index_t MAX_EXTENT = 1024;

// Flop of one thread in transforms and in products, relative to its peak (AMD Zen 3, 2026).
constexpr double TRANSFORM_EFFICIENCY = 0.47, PRODUCT_EFFICIENCY = 0.4;
constexpr double CALL_SECONDS = 5e-6, ITEM_SECONDS = 0.2e-6;
// Sums over all tiles go through memory: how much longer everything takes.
constexpr double GRADIENT_SHARE = 1.4;
// How much of another thread each one after the first is worth.
constexpr double THREAD_EFFICIENCY = 0.9;

}  // namespace convcore::tilefft
