// What the block sizes and the estimates have to know of the machine.
#pragma once
#include <stddef.h>

#include "interface.h"

namespace convcore {

// Columns that a task may hold; the kernels' tables have room for as many.
constexpr index_t MAX_BLOCK_COLUMNS = 1024;

size_t level2_bytes();

// Floating point operations per second of one core with the active instruction set.
double peak_flops(int itemsize);

}  // namespace convcore
