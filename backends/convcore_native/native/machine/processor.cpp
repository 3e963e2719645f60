#include "machine/processor.h"

#include <algorithm>

#ifdef __x86_64__
#include <cpuid.h>
#endif

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

bool halves_vectors() {
#ifdef __x86_64__
    __builtin_cpu_init();
    return __builtin_cpu_is("amdfam19h");
#else
    return false;
#endif
}

bool converts_halves() {
#ifdef __x86_64__
    unsigned eax, ebx, ecx, edx;  // __builtin_cpu_supports knows it in newer compilers only
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
#else
    return false;
#endif
}

double peak_flops(int lanes, int itemsize) {
    // Two multiplications and additions of one vector per cycle, at 3.2 GHz (measured for float32:
    // 102e9 on AMD Zen 3, 2026, 108e9 on Zen 4, both 2026); without FMA, half of it.
    const int bytes = halves_vectors() ? std::min(lanes * itemsize, 32) : lanes * itemsize;
    return double(bytes) / itemsize * 2 * (bytes > 16 ? 2 : 1) * 3.2e9;
}

}  // namespace convcore
