#include "threads.h"

#include <atomic>

#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace convcore {

namespace {

std::atomic<bool> pool_in_use{false};
std::atomic<bool> pool_lost{false};

#if defined(_OPENMP) && (defined(__unix__) || defined(__APPLE__))
void in_child() {
    if (pool_in_use) pool_lost = true;
}
const int registered = pthread_atfork(nullptr, nullptr, in_child);
#endif

}  // namespace

int usable_threads(int wanted) {
#ifdef _OPENMP
    if (wanted <= 1 || pool_lost) return 1;
    const int limit = omp_get_max_threads();
    const int threads = wanted < limit ? wanted : limit;
    if (threads > 1) pool_in_use = true;
    return threads;
#else
    (void)wanted;
    return 1;
#endif
}

}  // namespace convcore
