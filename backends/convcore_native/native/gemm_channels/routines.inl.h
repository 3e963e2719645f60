// The routines of this algorithm for elements of type T.
#pragma once
#include "gemm_channels/correlate.inl.h"
#include "gemm_channels/weight_gradient.inl.h"

namespace convcore::gemm_channels {
namespace {

template <class T>
constexpr Routines<T> routines{PANEL_ROWS,   panel_width<T>,     Simd<T>::lanes, pack_weight<T>,
                               correlate<T>, weight_gradient<T>, all_finite<T>};

}  // namespace
}  // namespace convcore::gemm_channels
