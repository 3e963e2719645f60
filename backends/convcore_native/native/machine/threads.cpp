#include "machine/threads.h"

#include <string.h>

#include <algorithm>
#include <atomic>

#include "problem/integers.h"

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

void clear_bytes(void* to, size_t bytes, int threads) {
    constexpr size_t part = 1 << 18;
    char* const start = static_cast<char*>(to);
    if (threads == 1 || bytes <= part) {
        memset(start, 0, bytes);
        return;
    }
    const index_t parts = quotient(index_t(bytes), index_t(part));
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (index_t i = 0; i < parts; ++i)
        memset(start + size_t(i) * part, 0, std::min(part, bytes - size_t(i) * part));
}

}  // namespace convcore
