// What problems with few channels cost, and the sizes of their blocks. Shares of the peak and
// speeds are of one core of an AMD Zen 3 with AVX2, 2026.
#pragma once
#include "few_channels/kernels.h"

namespace convcore::few_channels {

// A band of this size and what goes with it stay in the level 1 cache.
constexpr index_t LEVEL1_BYTES = 20 << 10;
// A task should be worth its start, and there should be so many of them.
constexpr index_t FEWEST_BLOCKS = 16;
// Parts of the sum of a weight gradient, for all groups together.
constexpr index_t MOST_SLICES = 16;

// Columns, in vectors, up to which 7 x 7 taps are not worth a copy (AMD Zen 3, 2026-12, of the time
// with one: 7 x 7 and 14 x 14 positions 0.7, 21 x 21 and more 1.1 to 1.2).
constexpr index_t STRAIGHT_VECTORS = 2;

constexpr double BYTES_PER_SECOND = 16e9, STRAIGHT_BYTES_PER_SECOND = 30e9;
constexpr double TASK_SECONDS = 80e-9, STRAIGHT_TASK_SECONDS = 30e-9, CALL_SECONDS = 3e-6;
// What narrow problems consist of: a line that is copied into the band; an element of the packed
// weight, from the level 2 cache or from farther away; and a tile of the weight gradient, whose
// lanes are summed up, with so many of the target channels and taps. AMD Zen 5, 2026.
constexpr double LINE_SECONDS = 3e-9, PACK_SECONDS = 1.5e-9, FAR_PACK_SECONDS = 5e-9;
constexpr double GRADIENT_TILE_SECONDS = 20e-9;
constexpr index_t GRADIENT_TILE_CHANNELS = 4, GRADIENT_TILE_TAPS = 6;

// The share of the peak that the register tiles reach. Target channels share what is loaded; of one
// channel, target rows that slide over those of the source do.
inline double correlation_share(const Band& band, bool slides) {
    if (band.target_channels >= 16) return 0.85;
    if (band.target_channels > 1) return band.target_channels > 2 ? 0.7 : 0.55;
    return slides || band.straight ? 0.75 : 0.45;
}

inline double gradient_share(const Band& band) { return band.target_channels > 2 ? 0.65 : 0.45; }

}  // namespace convcore::few_channels
