// The instruction sets that were compiled in, and the one to use.
#pragma once
#include "isa/isa.h"

namespace convcore {

// Kernels that this processor can run, best first; the baseline is the last. A debug build has the
// kernels for wide vectors behind it, and none for AVX-512, which those stand for.
struct Available {
    const Kernels* kernels[5];
    int count;
};
const Available& available();

// The best kernels up to the instruction set that CONVCORE_MAX_ISA names, read at the first call;
// `unknown_cap` then holds its value if it names none.
const Kernels& active();

// What `active` returns, but the kernels for vectors of 256 bits where the processor cuts 512 in
// two: then they do as much, straddle fewer cache lines and waste fewer lanes at the ends of rows
// (`direct` on AMD Zen 4, 2026: 0.57 to 1.03 of the time, depthwise 7 x 7 and 3 x 3 0.57 and 0.84;
// `winograd` 1.02 to 1.07).
const Kernels& active_narrow();

const char* unknown_cap();

}  // namespace convcore
