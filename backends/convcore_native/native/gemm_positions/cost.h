// What matrix products with positions as lanes cost, and the sizes of their blocks.
#pragma once
#include "gemm_positions/kernels.h"

namespace convcore::gemm_positions {

// What is summed in registers: packed columns stay in the level 1 cache, and a long sum is made of
// partial ones. With several taps, those of some source channels.
constexpr index_t MAX_DEPTH = 144;
// Positions of a block, so that its part of the source is read again from the level 2 cache.
constexpr index_t POSITIONS = MAX_BLOCK_POSITIONS;
// Target channels whose packed weights stay in the level 2 cache.
constexpr index_t TARGET_CHANNELS = 256;
// Padding is left out tap by tap where so much of what is read is padding (512 channels of 7 x 7,
// AMD Zen 4, 2026: 0.95 of the time; 256 of 33 x 33, dilated by 6: 0.91); with fewer source
// channels a tap is too short a sum.
constexpr double SKIP_SHARE = 0.05;
constexpr index_t SKIP_CHANNELS = 64;
// A weight of one tap is read where it lies for so many tiles of positions: the rows of one of
// power-of-two size fall on each other in the level 2 cache (one core of AMD Zen 3, 2026-12, of the
// time: 960 to 160 channels of 7 x 7 0.75, 1344 to 1344 of 14 x 14 0.88, 512 to 512 of 16 x 16
// 0.95; 512 to 2048 of 32 x 32 1.2).
constexpr index_t IN_PLACE_TILES = 20;
// For estimates (AMD Zen 3, 2026, one core): the share of the peak that products reach, seconds for
// an entry of a tile's columns, for one that is gathered lane by lane, for all of one tap, of the
// packed weights and of the result, and of a call with nothing to do.
constexpr double EFFICIENCY = 0.95, ENTRY_SECONDS = 4e-9, GATHERED_SECONDS = 20e-9,
                 TAP_SECONDS = 20e-9, WEIGHT_SECONDS = 0.4e-9, RESULT_SECONDS = 0.3e-9,
                 JOINED_SECONDS = 0.5e-9, SCATTERED_SECONDS = 1e-9, CALL_SECONDS = 3e-6;

}  // namespace convcore::gemm_positions
