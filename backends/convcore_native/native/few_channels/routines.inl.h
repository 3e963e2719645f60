// The routines of this algorithm for elements of type T.
#pragma once
#include "few_channels/correlate.inl.h"
#include "few_channels/straight.inl.h"
#include "few_channels/weight_gradient.inl.h"

namespace convcore::few_channels {
namespace {

template <class T>
constexpr Routines<T> routines{Simd<T>::lanes,        pack_weight<T>,     correlate<T>,
                               correlate_straight<T>, weight_gradient<T>, all_finite<T>};

}  // namespace
}  // namespace convcore::few_channels
