// The routines of this algorithm, compiled once for each instruction set.
#include "depthwise_last/correlate.inl.h"
#include "depthwise_last/weight_gradient.inl.h"
#include "simd/table.inl.h"

namespace convcore::depthwise_last {
namespace {

constexpr Table routines{
    {Simd<float>::lanes, correlate<float>, MOST_TAPS, weight_gradient<float>},
    {Simd<double>::lanes, correlate<double>, MOST_TAPS, weight_gradient<double>},
};

}  // namespace
}  // namespace convcore::depthwise_last

CONVCORE_TABLE(depthwise_last) = convcore::depthwise_last::routines;
