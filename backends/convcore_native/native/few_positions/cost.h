// What problems with few positions cost, and which have few.
#pragma once
#include "problem/axis.h"

namespace convcore::few_positions {

// Beyond this packing pays. Measured on AMD Zen 5 with AVX-512, 2026.
constexpr double MAX_COPY_BYTES = 4 << 20;
constexpr index_t MAX_VECTORS = 64;

// What is worked on at a time: source channels whose copy stays in the level 1 cache, since each
// tile reads it again (768 to 768 channels of 7 x 7, AMD Zen 3, 2026-12: 0.8 of the time of 256
// KiB), and whose sums stay accurate.
constexpr double BLOCK_BYTES = 20 << 10;
constexpr index_t MAX_TERMS = 1024;
// Copies and sums of groups that a thread works on at a time: they stay in the level 1 cache.
constexpr double TOGETHER_BYTES = 24 << 10;
// Tasks for each thread.
constexpr index_t TASKS = 4;
// Vectors of terms from which on they are the lanes, where positions fill half a vector at most;
// for one position a single one will do (10 to 240 channels of 1 x 1, AMD Zen 3, 2026-12: 0.6 of
// the time).
constexpr index_t DOT_VECTORS = 3;

// Seconds of a strip, of a vector of positions, and of a call; and the share of the peak. Measured
// on AMD Zen 3 with AVX2, 2026.
constexpr double STRIP_SECONDS = 1.5e-9, VECTOR_SECONDS = 10e-9, CALL_SECONDS = 0.2e-6;
constexpr double EFFICIENCY = 0.9;
// Seconds to begin and end a register tile, which has so many vectors, for a block of source
// channels (2026-12).
constexpr double TILE_SECONDS = 20e-9;
constexpr index_t TILE_VECTORS = 3;
// Where there is one vector, a weight is loaded for each product (1152 to 48 channels of 1 x 1, AMD
// Zen 5, 2026).
constexpr double EFFICIENCY_OF_VECTOR = 0.45;
// The share with register tiles of so many target channels, which 32 registers have room for; of
// each channel where there are few, so that a source vector serves few products; and seconds of an
// entry of a column, of a sum of lanes, and of an element of the weight that few positions use.
// Measured on AMD Zen 5 with AVX-512, 2026.
constexpr int TALL_ROWS = 8;
constexpr double TALL_EFFICIENCY = 0.9, EFFICIENCY_OF_CHANNEL = 0.25;
constexpr double ENTRY_SECONDS = 0.5e-9, SUM_SECONDS = 8e-9, WEIGHT_SECONDS = 0.06e-9;

}  // namespace convcore::few_positions
