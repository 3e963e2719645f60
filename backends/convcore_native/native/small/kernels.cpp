// The routines of this algorithm, compiled once for each instruction set.
#include "simd/table.inl.h"
#include "small/correlate.inl.h"

namespace convcore::small {
namespace {

template <class T>
constexpr Routines<T> routines{Simd<T>::lanes, ROWS, correlate<T>};

}  // namespace
}  // namespace convcore::small

CONVCORE_TABLE(small){convcore::small::routines<float>, convcore::small::routines<double>};
