// The two halves: float16 (IEEE 754 binary16) and bfloat16, the upper half of a float32.
#pragma once
#include "problem/integers.h"

namespace convcore::conversions {
namespace {

inline uint32_t bits_of(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float float_of(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

constexpr uint32_t INFINITE = 0x7f800000, MAGNITUDE = 0x7fffffff;

struct Bfloat16 {
    uint16_t bits;

    static float widened(Bfloat16 half) { return float_of(uint32_t(half.bits) << 16); }
    static Bfloat16 narrowed(float value) {
        const uint32_t bits = bits_of(value), odd = bits >> 16 & 1;
        const bool nan = (bits & MAGNITUDE) > INFINITE;
        return {uint16_t(nan ? bits >> 16 | 0x40 : (bits + 0x7fff + odd) >> 16)};
    }
};

#ifdef __aarch64__
struct Float16 {
    __fp16 value;

    static float widened(Float16 half) { return float(half.value); }
    static Float16 narrowed(float value) { return {__fp16(value)}; }
};
#else
struct Float16 {
    uint16_t bits;

    // 13 bits and a bias of 112 exponents apart; numbers below all exponents of a half count units
    // of 2^-24, which a subtraction makes numbers with an exponent.
    static float widened(Float16 half) {
        const uint32_t rest = uint32_t(half.bits & 0x7fff) << 13;
        const uint32_t least = 113u << 23;  // of the numbers with an exponent, 2^-14
        const uint32_t small = bits_of(float_of(rest + least) - float_of(least));
        const uint32_t large = rest + (rest < 0x0f800000 ? 112u << 23 : 224u << 23);
        const uint32_t sign = uint32_t(half.bits & 0x8000) << 16;
        return float_of((rest < 0x00800000 ? small : large) | sign);
    }
    // The same backwards: the sum with 0.5 has the units of 2^-24.
    static Float16 narrowed(float value) {
        const uint32_t bits = bits_of(value), rest = bits & MAGNITUDE;
        const uint32_t small = bits_of(float_of(rest) + 0.5f) - bits_of(0.5f);
        const uint32_t beyond = 143u << 23;  // 2^16, which becomes infinite
        const uint32_t most = rest < beyond ? rest : beyond;
        const uint32_t large = (most - (112u << 23) + 0xfff + (most >> 13 & 1)) >> 13;
        const uint32_t found = rest < 113u << 23 ? small : large;
        return {uint16_t((rest > INFINITE ? 0x7e00 : found) | (bits >> 16 & 0x8000))};
    }
};
#endif

}  // namespace
}  // namespace convcore::conversions
