// Runs of elements, converted one by one, which compilers make vectors of, or by instructions for
// it.
#pragma once
#include "conversions/halves.inl.h"
#include "conversions/kernels.h"

namespace convcore::conversions {
namespace {

template <class Half>
void widen_half(const void* from, index_t count, void* to) {
    const Half* source = static_cast<const Half*>(from);
    float* target = static_cast<float*>(to);
    for (index_t i = 0; i < count; ++i) target[i] = Half::widened(source[i]);
}

template <class Half>
void narrow_half(const void* from, index_t count, void* to) {
    const float* source = static_cast<const float*>(from);
    Half* target = static_cast<Half*>(to);
    for (index_t i = 0; i < count; ++i) target[i] = Half::narrowed(source[i]);
}

template <class Integer>
void widen_integer(const void* from, index_t count, void* to) {
    const Integer* source = static_cast<const Integer*>(from);
    float* target = static_cast<float*>(to);
    for (index_t i = 0; i < count; ++i) target[i] = float(source[i]);
}

#ifdef __F16C__
typedef float Floats __attribute__((vector_size(32), aligned(4), may_alias));
typedef short Halves __attribute__((vector_size(16), aligned(2), may_alias));
constexpr index_t TOGETHER = 8;
constexpr int TO_NEAREST = 0;

// F16C: an eighth of the time of the same in integers (Zen 3, 2026-12).
void widen_float16(const void* from, index_t count, void* to) {
    const Float16* source = static_cast<const Float16*>(from);
    float* target = static_cast<float*>(to);
    index_t i = 0;
    for (; i + TOGETHER <= count; i += TOGETHER) {
        const Halves halves = *reinterpret_cast<const Halves*>(source + i);
        *reinterpret_cast<Floats*>(target + i) = __builtin_ia32_vcvtph2ps256(halves);
    }
    widen_half<Float16>(source + i, count - i, target + i);
}

void narrow_float16(const void* from, index_t count, void* to) {
    const float* source = static_cast<const float*>(from);
    Float16* target = static_cast<Float16*>(to);
    index_t i = 0;
    for (; i + TOGETHER <= count; i += TOGETHER) {
        const Floats floats = *reinterpret_cast<const Floats*>(source + i);
        *reinterpret_cast<Halves*>(target + i) = __builtin_ia32_vcvtps2ph256(floats, TO_NEAREST);
    }
    narrow_half<Float16>(source + i, count - i, target + i);
}
#else
constexpr Routine widen_float16 = widen_half<Float16>, narrow_float16 = narrow_half<Float16>;
#endif

}  // namespace
}  // namespace convcore::conversions
