// The routines of this algorithm, compiled once for each instruction set.
#include "simd/table.inl.h"
#include "winograd/correlate.inl.h"
#include "winograd/gradient.inl.h"

namespace convcore::winograd {
namespace {

constexpr Routines<float> routines{
    Simd<float>::lanes,      TILE_ROWS,        tile_width<float>,
    transform_weight<float>, correlate<float>, correlate_few<float>,
    weight_gradient<float>,
};

}  // namespace
}  // namespace convcore::winograd

CONVCORE_TABLE(winograd) = convcore::winograd::routines;
