// What the block sizes and the estimates have to know of the machine.
#pragma once
#include <stddef.h>

namespace convcore {

size_t level2_bytes();

// Whether vectors of 512 bits are worked on in two steps, as by AMD Zen 4.
bool halves_vectors();

// Floating point operations per second of one core, on vectors of `lanes` elements.
double peak_flops(int lanes, int itemsize);

}  // namespace convcore
