// The conversions, compiled once for each instruction set.
#include "conversions/kernels.h"

#include "conversions/runs.inl.h"
#include "simd/table.inl.h"

namespace convcore::conversions {
namespace {

constexpr Table routines{
    {widen_float16, widen_half<Bfloat16>, widen_integer<uint8_t>, widen_integer<int8_t>,
     widen_integer<uint16_t>, widen_integer<int16_t>},
    {narrow_float16, narrow_half<Bfloat16>},
};

}  // namespace
}  // namespace convcore::conversions

CONVCORE_TABLE(conversions) = convcore::conversions::routines;
