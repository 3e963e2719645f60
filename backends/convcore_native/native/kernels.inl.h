// The kernels of one instruction set, from VECTOR_BYTES, VECTOR_COLUMNS and PANEL_ROWS.
//
// Only plain headers may be included: whatever a standard header defines inline would be compiled
// with the flags of this instruction set, and could replace the copy that all processors run.
#include "interface.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

// Positions, or terms, that a task may hold at a time; its table of pieces has room for as many.
constexpr int MAX_COLUMNS = 1024;

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
#include "pieces.inl.h"
#include "lower.inl.h"
#include "correlate.inl.h"
#include "weight_gradient.inl.h"

namespace {

template <class T>
constexpr convcore::Routines<T> routines{
    PANEL_ROWS, panel_columns<T>, pack_weight<T>, correlate<T>, weight_gradient<T>,
};

}  // namespace

#define CONVCORE_KERNELS(name)                                        \
    extern "C" const convcore::Kernels convcore_kernels_##name;       \
    const convcore::Kernels convcore_kernels_##name = {               \
        #name, VECTOR_BYTES, routines<float>, routines<double>}
