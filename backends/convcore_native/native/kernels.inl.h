// The kernels of one instruction set, from VECTOR_BYTES, VECTOR_COLUMNS and PANEL_ROWS.
//
// Only plain headers may be included: whatever a standard header defines inline would be compiled
// with the flags of this instruction set, and could replace the copy that all processors run.
#include "interface.h"
#include "tiny.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

constexpr int MAX_POSITIONS = int(convcore::MAX_BLOCK_POSITIONS);

inline int thread_number() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

}  // namespace

#include "simd.inl.h"
#include "gemm.inl.h"
#include "blocks.inl.h"
#include "correlate.inl.h"
#include "weight_gradient.inl.h"
#include "tiny.inl.h"

namespace {

template <class T>
constexpr convcore::Routines<T> routines{
    PANEL_ROWS, panel_width<T>, Simd<T>::lanes, pack_weight<T>, correlate<T>, weight_gradient<T>,
    tiny_correlate<T>,
};

}  // namespace

#define CONVCORE_KERNELS(name)                                        \
    extern "C" const convcore::Kernels convcore_kernels_##name;       \
    const convcore::Kernels convcore_kernels_##name = {               \
        #name, VECTOR_BYTES, routines<float>, routines<double>}
