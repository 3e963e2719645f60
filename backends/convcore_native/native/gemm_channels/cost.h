// What matrix products with channels as lanes cost, and the sizes of their blocks.
#pragma once
#include "gemm_channels/kernels.h"

namespace convcore::gemm_channels {

// What is summed in registers, in equal steps: the packed panel stays in the level 1 cache, and a
// long sum is made of partial ones. Terms take a cache line each beside it (measured with 64
// channels of 56 x 56 on AMD Zen 3, 2026: 83 GFLOP/s with 128 terms, 70 with 256, of 102).
constexpr index_t MAX_TERMS = 128, MAX_POSITIONS = 256;
// Positions of a block: its product with a panel stays in the level 1 cache too.
constexpr index_t POSITIONS = MAX_POSITIONS;
// Weight gradients leave padding out tap by tap where so much of what is read is padding: the
// products are cut into smaller ones (256 channels of 33 x 33, dilated by 6, AMD Zen 4, 2026: 0.86
// of the time; with 256-bit vectors and 16 registers 0.93, and 1.03 for 512 channels of 7 x 7,
// where 18 % are padding).
constexpr double SKIP_SHARE = 0.2;
// For estimates (AMD Zen 3, 2026, one core): the share of the peak that products reach, seconds to
// move an element with a transposition or a copy on the way, and of a call with nothing to do.
constexpr double EFFICIENCY = 0.85, MOVE_SECONDS = 0.5e-9, CALL_SECONDS = 3e-6;
// Seconds to store an element of a weight of one tap that the level 2 cache has no room for (768 x
// 1536 and 1024 x 1024 from 1 to 8 positions, AMD Zen 3, 2026-12).
constexpr double FAR_SECONDS = 0.3e-9;
// Seconds to move an element from or to a cache, of the tasks of a group, and of the start of a
// product (AMD Zen 5, 2026).
constexpr double AGAIN_SECONDS = 0.15e-9, TASK_SECONDS = 0.2e-6, PRODUCT_SECONDS = 25e-9;

}  // namespace convcore::gemm_channels
