// The register tile: rows x (PANEL_VECTORS vectors) += sum over depth of a[row, depth] b[depth].
//
// `b` is packed and loaded as vectors, whose lanes are channels of the target. `a` is broadcast
// from where it lies: a[row, d] stands at row[offset[d]]. In the forward pass rows are positions
// and the sum runs over terms; in the weight gradient rows are terms and the sum runs over
// positions: the address is the sum of the two offsets in either case. The sum of one call is kept
// apart from what stands in `c` until its end, so that long sums are made of partial ones, as in
// any blocked BLAS.
#pragma once
#include "simd/vector.inl.h"

namespace convcore::gemm_channels {
namespace {

constexpr int PANEL_ROWS = TILES.gemm_channels.rows, PANEL_VECTORS = TILES.gemm_channels.vectors;
template <class T>
constexpr int panel_width = PANEL_VECTORS * Simd<T>::lanes;

template <class T, int rows, int vectors>
void multiply_rows(index_t depth, const T* const* row, const index_t* offset, const T* b, T* c,
                   bool accumulate) {
    constexpr int lanes = Simd<T>::lanes, width = vectors * lanes;
    const T* a[rows];
#pragma GCC unroll 32
    for (int i = 0; i < rows; ++i) a[i] = row[i];
    vec<T> sum[rows][vectors] = {};
#pragma GCC unroll 4
    for (index_t d = 0; d < depth; ++d) {
        const index_t at = offset[d];
        vec<T> column[vectors];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; ++j) column[j] = load(b + j * lanes);
#pragma GCC unroll 32
        for (int i = 0; i < rows; ++i) {
            const vec<T> value = broadcast(a[i][at]);
#pragma GCC unroll 4
            for (int j = 0; j < vectors; ++j) sum[i][j] += product<T>(column[j], value);
        }
        b += width;
    }
    store_sums(sum, c, width, accumulate);
}

template <class T>
using Multiply = void (*)(index_t, const T* const*, const index_t*, const T*, T*, bool);

template <class T, int vectors, int rows>
inline Multiply<T> multiply_for(int wanted) {
    if constexpr (rows == 1) {
        return multiply_rows<T, 1, vectors>;
    } else {
        return wanted == rows ? multiply_rows<T, rows, vectors>
                              : multiply_for<T, vectors, rows - 1>(wanted);
    }
}

}  // namespace
}  // namespace convcore::gemm_channels
