// What matrix products with positions as lanes cost, and the sizes of their blocks.
#pragma once
#include "gemm_positions/kernels.h"

namespace convcore::gemm_positions {

// What is summed in registers: packed columns stay in the level 1 cache, and a long sum is made of
// partial ones. With several taps, those of some source channels.
constexpr index_t MAX_DEPTH = 144;
// With one tap, which has no taps to begin anew with, as many as leave the level 1 cache room for
// the weight, up to a limit that keeps sums accurate (one core of AMD Zen 3, 2026-12: 1024 to 256
// channels of 14 x 14 0.95 of the time of 144, 256 to 448 of 28 x 28 1.0).
constexpr size_t COLUMN_BYTES = 24 << 10;
constexpr index_t MAX_DEPTH_OF_TAP = 256;
// Positions of a block, so that its part of the source is read again from the level 2 cache.
constexpr index_t POSITIONS = MAX_BLOCK_POSITIONS;
// Target channels whose packed weights stay in the level 2 cache.
constexpr index_t TARGET_CHANNELS = 256;
// The same with one tap, whose deeper columns lie there too; of a weight that is read in place the
// rows of power-of-two size would fall on each other (one core of AMD Zen 3, 2026-12: 1024 to 256
// channels of 14 x 14 0.95 of the time of 256).
constexpr index_t TARGET_CHANNELS_OF_TAP = 64;
// Tasks for each thread; and of those that would pack the same columns so many that it pays to pack
// them beforehand, while they fit the caches (two cores of AMD Zen 3, 2026-12, of the time: 512 to
// 256 channels of 14 x 14 with four 0.91, 960 to 160 of 24 x 24 with two 1.05).
constexpr index_t TASKS = 4, SHARED_TASKS = 3;
constexpr double SHARED_BYTES = 8 << 20;
// Padding is left out tap by tap where so much of what is read is padding (512 channels of 7 x 7,
// AMD Zen 4, 2026: 0.95 of the time; 256 of 33 x 33, dilated by 6: 0.91); with fewer source
// channels a tap is too short a sum.
constexpr double SKIP_SHARE = 0.05;
constexpr index_t SKIP_CHANNELS = 64;
// A weight of one tap is read where it lies for so many tiles of positions: the rows of one of
// power-of-two size fall on each other in the level 2 cache (one core of AMD Zen 3, 2026-12, of the
// time: 960 to 160 channels of 7 x 7 0.75, 1344 to 1344 of 14 x 14 0.88, 512 to 512 of 16 x 16
// 0.95). Not where the terms of a row are whole pages apart, and fall on each other in the level 1
// cache (gradient with respect to the input of 1024 to 256 channels of 14 x 14: 1.25).
constexpr index_t IN_PLACE_TILES = 20, PAGE_BYTES = 4096;
// For estimates (AMD Zen 3, 2026, one core): the share of the peak that products reach, seconds for
// an entry of a tile's columns, for one that is gathered lane by lane, for all of one tap, of the
// packed weights and of the result, and of a call with nothing to do.
constexpr double EFFICIENCY = 0.95, ENTRY_SECONDS = 4e-9, GATHERED_SECONDS = 20e-9,
                 TAP_SECONDS = 20e-9, WEIGHT_SECONDS = 0.4e-9, RESULT_SECONDS = 0.3e-9,
                 JOINED_SECONDS = 0.5e-9, SCATTERED_SECONDS = 1e-9, CALL_SECONDS = 3e-6;

}  // namespace convcore::gemm_positions
