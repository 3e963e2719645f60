// Runs of elements, copied by whole vectors: every `step`th of them, or pairs apart and together.
#pragma once
#include "problem/integers.h"
#include "simd/vector.inl.h"

namespace convcore {
namespace {

template <class T>
inline void clear_run(index_t count, T* to) {
    for (index_t i = 0; i < count; ++i) to[i] = T(0);
}

// Every `step`th element: whole vectors, of which the last one may overlap the one before it, and
// nothing behind the last element is read.
template <class T>
inline void copy_spaced(const T* from, index_t step, index_t count, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    const typename Count<lanes>::type all;
    if (count < lanes || step > 2) {
        for (index_t i = 0; i < count; ++i) to[i] = from[i * step];
    } else if (step == 1) {
        for (index_t i = 0; i + lanes < count; i += lanes) store(to + i, load(from + i));
        store(to + count - lanes, load(from + count - lanes));
    } else {
        for (index_t i = 0; i + lanes < count; i += lanes)
            store(to + i, even(load(from + 2 * i), load(from + 2 * i + lanes), all));
        const T* last = from + 2 * (count - lanes);
        store(to + count - lanes, even_odd(load(last), load(last + lanes - 1), all));
    }
}

// `count` pairs of neighbours, to one place each; whole vectors like copy_spaced.
template <class T>
inline void split_pairs(const T* from, index_t count, T* evens, T* odds) {
    constexpr int lanes = Simd<T>::lanes;
    const typename Count<lanes>::type all;
    if (count < lanes) {
        for (index_t i = 0; i < count; ++i) {
            evens[i] = from[2 * i];
            odds[i] = from[2 * i + 1];
        }
        return;
    }
    for (index_t i = 0;; i += lanes) {
        const index_t at = smaller(i, count - lanes);
        const vec<T> a = load(from + 2 * at), b = load(from + 2 * at + lanes);
        store(evens + at, even(a, b, all));
        store(odds + at, odd(a, b, all));
        if (at + lanes == count) return;
    }
}

// Interleaves two runs: the inverse of split_pairs.
template <class T>
inline void join_pairs(const T* evens, const T* odds, index_t count, T* to) {
    constexpr int lanes = Simd<T>::lanes;
    const typename Count<lanes>::type all;
    if (count < lanes) {
        for (index_t i = 0; i < count; ++i) {
            to[2 * i] = evens[i];
            to[2 * i + 1] = odds[i];
        }
        return;
    }
    for (index_t i = 0;; i += lanes) {
        const index_t at = smaller(i, count - lanes);
        const vec<T> a = load(evens + at), b = load(odds + at);
        store(to + 2 * at, zip_low(a, b, all));
        store(to + 2 * at + lanes, zip_high(a, b, all));
        if (at + lanes == count) return;
    }
}

}  // namespace
}  // namespace convcore
