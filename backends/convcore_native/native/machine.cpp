#include "machine.h"

#include <algorithm>

#include "select.h"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace convcore {

size_t level2_bytes() {
    static const size_t bytes = [] {
        long found = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
        found = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
        // Unknown in some virtual machines; beyond 2 MiB a larger block gained nothing.
        const size_t sane = found > 0 ? size_t(found) : size_t(512) << 10;
        return std::min(std::max(sane, size_t(256) << 10), size_t(2) << 20);
    }();
    return bytes;
}

double peak_flops(int itemsize) {
    // Two multiplications and additions of one vector per cycle, at 3.2 GHz (AMD Zen 3, measured
    // 102e9 for float32 with AVX2); without FMA, half of it.
    const double lanes = double(active().vector_bytes) / itemsize;
    return lanes * 2 * (active().vector_bytes > 16 ? 2 : 1) * 3.2e9;
}

}  // namespace convcore
