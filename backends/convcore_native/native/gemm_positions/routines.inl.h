// The routines of this algorithm for elements of type T.
#pragma once
#include "gemm_positions/correlate.inl.h"

namespace convcore::gemm_positions {
namespace {

template <class T>
constexpr Routines<T> routines{CHANNEL_ROWS, tile_width<T>, Simd<T>::lanes, pack_weight<T>,
                               correlate<T>};

}  // namespace
}  // namespace convcore::gemm_positions
