// Which of the threads of a parallel region runs.
#pragma once

#ifdef _OPENMP
#include <omp.h>
#endif

namespace convcore {
namespace {

inline int thread_number() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

}  // namespace
}  // namespace convcore
