// The kernels of one instruction set, from VECTOR_BYTES, VECTOR_REGISTERS, VECTOR_COLUMNS and
// PANEL_ROWS.
//
// Only plain headers may be included: whatever a standard header defines inline would be compiled
// with the flags of this instruction set, and could replace the copy that all processors run.
#include "few_channels/kernels.h"
#include "gemm_positions/kernels.h"
#include "problem/integers.h"
#include "isa/isa.h"
#include "small/kernels.h"

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

#include "simd/vector.inl.h"
#include "gemm_channels/multiply.inl.h"
#include "gemm_channels/blocks.inl.h"
#include "gemm_channels/positions_by_taps.inl.h"
#include "gemm_channels/correlate.inl.h"
#include "gemm_channels/weight_gradient.inl.h"
#include "gemm_positions/pack_source.inl.h"
#include "gemm_positions/pack_weight.inl.h"
#include "gemm_positions/correlate.inl.h"
#include "small/correlate.inl.h"
#include "few_channels/tiles.inl.h"
#include "few_channels/band.inl.h"
#include "few_channels/correlate.inl.h"
#include "few_channels/straight.inl.h"
#include "few_channels/weight_gradient.inl.h"
#include "tilefft/fft.inl.h"
#include "tilefft/tiles.inl.h"
#include "winograd/matrices.inl.h"
#include "winograd/transform.inl.h"
#include "winograd/strip.inl.h"
#include "winograd/multiply.inl.h"
#include "winograd/correlate.inl.h"
#include "winograd/gradient.inl.h"

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
