// How many threads a call may use.
#pragma once
#include <stddef.h>

namespace convcore {

// At most `wanted` and as many as OpenMP is set to at the moment, by OMP_NUM_THREADS or by
// threadpoolctl; one in a child of a process whose pool was in use, where it would wait for
// threads that fork did not copy.
int usable_threads(int wanted);

// Sets memory to zero, each of the threads a part of it.
void clear_bytes(void* to, size_t bytes, int threads);

}  // namespace convcore
