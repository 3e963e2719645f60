#include "machine/threads.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>

#include "machine/parallel.inl.h"

namespace convcore {

namespace {

int processors() {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return int(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

// The variable may hold a list, one number for each level of nesting.
int read_limit() {
    const char* text = getenv("OMP_NUM_THREADS");
    const long said = text == nullptr ? 0 : strtol(text, nullptr, 10);
    return said > 0 && said <= INT_MAX ? int(said) : processors();
}

const int limit = read_limit();

}  // namespace

int most_threads() { return limit; }

int usable_threads(int wanted) { return std::max(1, std::min(wanted, limit)); }

void clear_bytes(void* to, size_t bytes, int threads) {
    constexpr size_t part = 1 << 18;
    char* const start = static_cast<char*>(to);
    parallel_for(threads, quotient(index_t(bytes), index_t(part)), 1, [&](index_t i, int) {
        memset(start + size_t(i) * part, 0, std::min(part, bytes - size_t(i) * part));
    });
}

}  // namespace convcore
