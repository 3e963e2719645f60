// The routines of this algorithm, compiled once for each instruction set.
#include "few_positions/correlate.inl.h"
#include "simd/table.inl.h"

namespace convcore::few_positions {
namespace {

template <class T>
constexpr Routines<T> routines{Simd<T>::lanes, ROWS, correlate<T>};

}  // namespace
}  // namespace convcore::few_positions

CONVCORE_TABLE(few_positions){convcore::few_positions::routines<float>,
                              convcore::few_positions::routines<double>};
