// How many threads a call may use.
#pragma once
#include <stddef.h>

namespace convcore {

// As OMP_NUM_THREADS said when the library was loaded, else as many as the process may use
// processors.
int most_threads();

// At most `wanted` and that many.
int usable_threads(int wanted);

// Sets memory to zero, each of the threads a part of it.
void clear_bytes(void* to, size_t bytes, int threads);

}  // namespace convcore
