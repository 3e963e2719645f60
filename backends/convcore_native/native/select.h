// The instruction sets that were compiled in, and the one to use.
#pragma once
#include "interface.h"

namespace convcore {

// Kernels that this processor can run, best first; the baseline is the last. A debug build has the
// kernels for wide vectors behind it, and none for AVX-512, which those stand for.
struct Available {
    const Kernels* kernels[4];
    int count;
};
const Available& available();

// The best kernels up to the instruction set that CONVCORE_MAX_ISA names, read at the first call;
// `unknown_cap` then holds its value if it names none.
const Kernels& active();
const char* unknown_cap();

}  // namespace convcore
