// What small problems cost, and which are small.
#pragma once

namespace convcore::small {

// Beyond this, packing and threads pay, and the copy leaves the level 1 cache.
constexpr double MAX_FLOP = 4e6;
constexpr double MAX_COPY_BYTES = 32 << 10;

// Seconds of a strip, of a vector of positions, and of a call; and the share of the peak, but with
// few target channels the sums wait for each other. Measured on AMD Zen 3 with AVX2, 2026.
constexpr double STRIP_SECONDS = 1.5e-9, VECTOR_SECONDS = 10e-9, CALL_SECONDS = 0.2e-6;
constexpr double EFFICIENCY = 0.75, EFFICIENCY_OF_CHANNEL = 0.15;
// Where there is one vector, a weight is loaded for each product (1152 to 48 channels of 1 x 1, AMD
// Zen 5, 2026).
constexpr double EFFICIENCY_OF_VECTOR = 0.45;

}  // namespace convcore::small
