// The routines of this algorithm, compiled once for each instruction set.
#include "simd/table.inl.h"
#include "tilefft/tiles.inl.h"

namespace convcore::tilefft {
namespace {

template <class T>
constexpr Routines<T> routines{Simd<T>::lanes, transform_tiles<T>, multiply_tiles<T>,
                               restore_tiles<T>, combine_tiles<T>};

}  // namespace
}  // namespace convcore::tilefft

CONVCORE_TABLE(tilefft){convcore::tilefft::routines<float>, convcore::tilefft::routines<double>};
