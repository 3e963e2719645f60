// The kernels of one instruction set, from VECTOR_BYTES, VECTOR_REGISTERS, VECTOR_COLUMNS and
// PANEL_ROWS.
//
// Only plain headers may be included: whatever a standard header defines inline would be compiled
// with the flags of this instruction set, and could replace the copy that all processors run.
#include "band.h"
#include "columns.h"
#include "integers.h"
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
#include "inside.inl.h"
#include "correlate.inl.h"
#include "weight_gradient.inl.h"
#include "columns.inl.h"
#include "columns_weight.inl.h"
#include "columns_correlate.inl.h"
#include "tiny.inl.h"
#include "lanes.inl.h"
#include "band.inl.h"
#include "band_correlate.inl.h"
#include "band_straight.inl.h"
#include "band_gradient.inl.h"
#include "fft.inl.h"
#include "tilefft.inl.h"
#include "winograd_matrices.inl.h"
#include "winograd_transform.inl.h"
#include "winograd_strip.inl.h"
#include "winograd_multiply.inl.h"
#include "winograd_correlate.inl.h"
#include "winograd_gradient.inl.h"

namespace {

template <class T>
constexpr convcore::Routines<T> routines{
    PANEL_ROWS, panel_width<T>, Simd<T>::lanes, pack_weight<T>, correlate<T>, weight_gradient<T>,
    CHANNEL_ROWS, column_width<T>, pack_column_weight<T>, correlate_columns<T>,
    tiny_correlate<T>, pack_band<T>, correlate_band<T>, correlate_straight<T>, band_gradient<T>,
    all_finite<T>, tile_routines<T>,
};

}  // namespace

#define CONVCORE_KERNELS(name)                                        \
    extern "C" const convcore::Kernels convcore_kernels_##name;       \
    const convcore::Kernels convcore_kernels_##name = {               \
        #name, VECTOR_BYTES, routines<float>, routines<double>, winograd_routines}
