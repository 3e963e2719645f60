// Conversions of runs of elements: what the copies of `machine/copies.h` are given.
#pragma once
#include "problem/integers.h"

namespace convcore::conversions {

// What is converted to float32, and the first two also from it: two halves and small integers.
enum Kind { FLOAT16, BFLOAT16, UINT8, INT8, UINT16, INT16, KINDS };
constexpr int HALVES = 2;

// Writes `count` elements, rounded to the nearest, ties to even; NaN stays NaN, and what is too
// large becomes infinite.
using Routine = void (*)(const void* from, index_t count, void* to);

struct Table {
    Routine widen[KINDS];
    Routine narrow[HALVES];
};

}  // namespace convcore::conversions
