// Whether values are finite, found out on their way from registers to memory.
#pragma once
#include "simd/vector.inl.h"

namespace convcore {
namespace {

// The bits of vectors of T, as integers of as many bits.
template <class T>
using Bits = decltype(vec<T>{} == vec<T>{});

// None set where a value is finite: NaN and infinity minus themselves are NaN, all else is +0.
template <class T>
inline Bits<T> not_finite(vec<T> value) {
    return reinterpret_cast<Bits<T>>(value - value);
}

// What a task has seen of the values that it stored.
template <class T>
class Seen {
  public:
    void look(Bits<T> not_finite) { vectors_ |= not_finite; }
    void look(vec<T> value) { look(not_finite<T>(value)); }
    void look(T value) { sum_ += value - value; }

    bool all_finite() const {
        bool found = sum_ != T(0);
        for (int lane = 0; lane < Simd<T>::lanes; ++lane) found |= vectors_[lane] != 0;
        return !found;
    }

  private:
    Bits<T> vectors_{};
    T sum_ = 0;  // 0 or NaN
};

}  // namespace
}  // namespace convcore
