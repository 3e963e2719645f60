// Vectors of one instruction set, on the vector extensions of gcc and clang.
//
// Everything here has internal linkage: a file that includes it is compiled with the flags of one
// instruction set, and nothing of it may be merged with a copy compiled with others.
// VECTOR_BYTES is set by that file.
#pragma once
#include "problem/axis.h"

// For what takes sums that have to stay in registers: clang would not always inline it.
#define ALWAYS_INLINE __attribute__((always_inline))

namespace convcore {
namespace {

template <class T>
struct Simd {
    static constexpr int lanes = VECTOR_BYTES / int(sizeof(T));
    typedef T vector __attribute__((vector_size(VECTOR_BYTES)));
    typedef T unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(alignof(T)), may_alias));
};

template <class T>
using vec = typename Simd<T>::vector;

template <class T>
inline vec<T> load(const T* from) {
    return *reinterpret_cast<const typename Simd<T>::unaligned*>(from);
}

template <class T>
inline void store(T* to, vec<T> value) {
    *reinterpret_cast<typename Simd<T>::unaligned*>(to) = value;
}

template <class T>
inline vec<T> broadcast(T value) {
    return value - vec<T>{};  // one instruction; value + {} would have to turn -0 into +0
}

// Modulo 2 to the power of their bits, where they are integers. For 8 bits there is no instruction:
// of each 16, the product has the lower 8 right, and with the lower 8 of a factor zero the upper 8.
template <class T>
ALWAYS_INLINE inline vec<T> product(vec<T> a, vec<T> b) {
    if constexpr (sizeof(T) == 1) {
        typedef vec<uint16_t> Pairs;
        const Pairs x = reinterpret_cast<Pairs>(a), y = reinterpret_cast<Pairs>(b);
        const uint16_t upper = 0xff00;
        return reinterpret_cast<vec<T>>((x * y & uint16_t(0xff)) | (x >> 8) * (y & upper));
    } else {
        return a * b;
    }
}

// Whether all lanes are zero; NaN is not.
template <class T>
inline bool all_zero(vec<T> value) {
    T sum = T(0);
    for (int lane = 0; lane < Simd<T>::lanes; ++lane) sum += value[lane];
    return sum == T(0);
}

// Whether no value is NaN or infinite: each of those minus itself is NaN.
template <class T>
inline bool all_finite(const T* values, index_t count) {
    vec<T> sum{};
    index_t i = 0;
    for (; i + Simd<T>::lanes <= count; i += Simd<T>::lanes) {
        const vec<T> value = load(values + i);
        sum += value - value;
    }
    T all = T(0);
    for (; i < count; ++i) all += values[i] - values[i];
    for (int lane = 0; lane < Simd<T>::lanes; ++lane) all += sum[lane];
    return all == T(0);
}

// Lanes 0, 1, 2, ... as a parameter pack.
template <int... lane>
struct Lanes {};
template <int count, int... lane>
struct Count : Count<count - 1, count - 1, lane...> {};
template <int... lane>
struct Count<0, lane...> {
    typedef Lanes<lane...> type;
};

// From rows a and b, `distance` rows apart: the blocks of `distance` lanes that a keeps, and those
// that b keeps, when the square matrix of the rows is transposed block by block.
template <int distance, class V, int... lane>
inline V upper(V a, V b, Lanes<lane...>) {
    return __builtin_shufflevector(
        a, b, ((lane & distance) ? lane - distance + int(sizeof...(lane)) : lane)...);
}
template <int distance, class V, int... lane>
inline V lower(V a, V b, Lanes<lane...>) {
    return __builtin_shufflevector(
        a, b, ((lane & distance) ? lane + int(sizeof...(lane)) : lane + distance)...);
}

// Lanes 0, 2, 4, ... of a and b together.
template <class V, int... lane>
inline V even(V a, V b, Lanes<lane...>) {
    return __builtin_shufflevector(a, b, (2 * lane)...);
}

// Lanes 1, 3, 5, ... of a and b together.
template <class V, int... lane>
inline V odd(V a, V b, Lanes<lane...>) {
    return __builtin_shufflevector(a, b, (2 * lane + 1)...);
}

// Lanes 0, 2, ... of a, then lanes 1, 3, ... of b.
template <class V, int... lane>
inline V even_odd(V a, V b, Lanes<lane...>) {
    constexpr int half = int(sizeof...(lane)) / 2;
    return __builtin_shufflevector(a, b, (lane < half ? 2 * lane : 2 * lane + 1)...);
}

// The lanes of a and b in turn: the first half of them, and the second.
template <class V, int... lane>
inline V zip_low(V a, V b, Lanes<lane...>) {
    constexpr int count = int(sizeof...(lane));
    return __builtin_shufflevector(a, b, ((lane & 1) ? lane / 2 + count : lane / 2)...);
}
template <class V, int... lane>
inline V zip_high(V a, V b, Lanes<lane...>) {
    constexpr int count = int(sizeof...(lane)), half = count / 2;
    return __builtin_shufflevector(a, b,
                                   ((lane & 1) ? half + lane / 2 + count : half + lane / 2)...);
}

template <class T, int distance = 1>
inline void transpose(vec<T>* rows) {
    constexpr int lanes = Simd<T>::lanes;
    if constexpr (distance < lanes) {
        typename Count<lanes>::type all;
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) {
            if (i & distance) continue;
            const vec<T> a = rows[i], b = rows[i + distance];
            rows[i] = upper<distance>(a, b, all);
            rows[i + distance] = lower<distance>(a, b, all);
        }
        transpose<T, distance * 2>(rows);
    }
}

// The sums of a register tile, each row `pitch` behind the one before it; added to what is there,
// if that is wanted. A product that underflows may leave -0, which zeros of padding turn into +0:
// it is made so in any case, since which of them are added depends on the neighbours in a tile.
template <class T, int rows, int vectors>
ALWAYS_INLINE inline void store_sums(const vec<T> (&sum)[rows][vectors], T* to, index_t pitch,
                                     bool accumulate) {
#pragma GCC unroll 32
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < vectors; ++j) {
            T* place = to + i * pitch + j * Simd<T>::lanes;
            store(place, sum[i][j] + (accumulate ? load(place) : vec<T>{}));
        }
    }
}

// From rows of a vector each, all of lane 0, then all of lane 1, and so on.
template <class T, int rows>
inline void interleave(vec<T> (&row)[rows]) {
    const typename Count<Simd<T>::lanes>::type all;
    for (int stage = 1; stage < rows; stage *= 2) {
        vec<T> next[rows];
#pragma GCC unroll 8
        for (int i = 0; i < rows / 2; ++i) {
            next[2 * i] = zip_low(row[i], row[i + rows / 2], all);
            next[2 * i + 1] = zip_high(row[i], row[i + rows / 2], all);
        }
#pragma GCC unroll 8
        for (int i = 0; i < rows; ++i) row[i] = next[i];
    }
}

}  // namespace
}  // namespace convcore
