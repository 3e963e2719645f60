#include "isa/select.h"

#include <stdlib.h>
#include <string.h>

#include <initializer_list>

#include "machine/processor.h"

extern "C" {
extern const convcore::Kernels convcore_kernels_baseline;
#ifdef __x86_64__
extern const convcore::Kernels convcore_kernels_avx2;
extern const convcore::Kernels convcore_kernels_avx512vl;
#endif
#ifdef CONVCORE_WIDE
extern const convcore::Kernels convcore_kernels_wide;
#elif defined(__x86_64__)
extern const convcore::Kernels convcore_kernels_avx512;
#endif
}

namespace convcore {

namespace {

Available detect() {
    Available found{};
#ifdef __x86_64__
    __builtin_cpu_init();
    const bool avx2 =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && converts_halves();
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#ifndef CONVCORE_WIDE
    if (avx512) found.kernels[found.count++] = &convcore_kernels_avx512;
#endif
    if (avx512) found.kernels[found.count++] = &convcore_kernels_avx512vl;
    if (avx2) found.kernels[found.count++] = &convcore_kernels_avx2;
#endif
    found.kernels[found.count++] = &convcore_kernels_baseline;
#ifdef CONVCORE_WIDE
    found.kernels[found.count++] = &convcore_kernels_wide;
#endif
    return found;
}

struct Choice {
    const Kernels* kernels;
    const char* unknown;
};

bool known(const char* name) {
    for (const char* isa : {"baseline", "avx2", "avx512vl", "avx512", "wide"})
        if (strcmp(name, isa) == 0) return true;
    return false;
}

// A cap that this processor lies below anyway changes nothing.
Choice choose() {
    const Available& all = available();
    const char* cap = getenv("CONVCORE_MAX_ISA");
    if (cap == nullptr || *cap == '\0') return {all.kernels[0], nullptr};
    if (!known(cap)) return {all.kernels[0], cap};
    for (int i = 0; i < all.count; ++i)
        if (strcmp(all.kernels[i]->name, cap) == 0) return {all.kernels[i], nullptr};
    return {all.kernels[0], nullptr};
}

const Choice& choice() {
    static const Choice chosen = choose();
    return chosen;
}

}  // namespace

const Available& available() {
    static const Available all = detect();
    return all;
}

const Kernels& active() { return *choice().kernels; }

const Kernels& active_narrow() {
    const Available& all = available();
    const bool halved = active().vector_bytes > 32 && halves_vectors();
    for (int i = 0; i < all.count; ++i)
        if (halved && all.kernels[i]->vector_bytes == 32) return *all.kernels[i];
    return active();
}

const char* unknown_cap() { return choice().unknown; }

}  // namespace convcore
