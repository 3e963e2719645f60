// The routines of this algorithm, compiled once for each instruction set.
#include "small/correlate.inl.h"
#include "simd/table.inl.h"

namespace convcore::small {
namespace {

template <class T>
constexpr Routines<T> routines{Simd<T>::lanes, correlate<T>};

}  // namespace
}  // namespace convcore::small

CONVCORE_TABLE(small){convcore::small::routines<float>, convcore::small::routines<double>};
