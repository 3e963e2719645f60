// The routines of this algorithm for elements of type T.
#pragma once
#include "few_positions/correlate.inl.h"

namespace convcore::few_positions {
namespace {

template <class T>
constexpr Routines<T> routines{Simd<T>::lanes, ROWS, correlate<T>};

}  // namespace
}  // namespace convcore::few_positions
