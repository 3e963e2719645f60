// The routines of this algorithm, compiled once for each instruction set.
#include "gemm_positions/correlate.inl.h"
#include "simd/table.inl.h"

namespace convcore::gemm_positions {
namespace {

template <class T>
constexpr Routines<T> routines{CHANNEL_ROWS, tile_width<T>, Simd<T>::lanes, pack_weight<T>,
                               correlate<T>};

}  // namespace
}  // namespace convcore::gemm_positions

CONVCORE_TABLE(gemm_positions){convcore::gemm_positions::routines<float>,
                               convcore::gemm_positions::routines<double>};
