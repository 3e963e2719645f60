// What the block sizes and the estimates have to know of the machine.
#pragma once
#include <stddef.h>

#include <type_traits>

namespace convcore {

size_t level2_bytes();

// Whether vectors of 512 bits are worked on in two steps, as by AMD Zen 4.
bool halves_vectors();

// Whether there are instructions between float16 and float32 (F16C).
bool converts_halves();

// Floating point operations per second of one core, on vectors of `lanes` elements.
double peak_flops(int lanes, int itemsize);

// The same of elements of type T.
template <class T>
double peak_of(int lanes) {
    // A product of integers is added by an instruction of its own; those of 8 bits are made of two
    // of 16, those of 64 of three of 32 (AMD Zen 3, 2026-12).
    constexpr double shares[] = {0.37, 0.85, 0, 0.85, 0, 0, 0, 0.25};
    return peak_flops(lanes, int(sizeof(T))) *
           (std::is_floating_point_v<T> ? 1 : shares[sizeof(T) - 1]);
}

}  // namespace convcore
