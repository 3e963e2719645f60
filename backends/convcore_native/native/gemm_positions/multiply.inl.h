// Register tiles of a product of matrices with positions as lanes.
//
// A register tile of 4 channels by 3 vectors takes 7 loads for 12 products, of values that stand
// one behind the other. With channels as lanes there are 9, from scattered places (64 to 256
// channels of 56 x 56, 1 x 1, AMD Zen 3, 2026: 0.77 of the time; less where another process shares
// the core).
#pragma once
#include "gemm_positions/pack_source.inl.h"
#include "gemm_positions/pack_weight.inl.h"

namespace convcore::gemm_positions {
namespace {

// The weight of a tile: entry (row, term) stands at row * row_pitch + term * term_pitch.
template <class T>
struct Factors {
    const T* from;
    index_t row_pitch, term_pitch;
};

// The columns of a tile: packed, or in the source, a term `pitch` behind the one before it. What is
// read there is packed on the way.
template <class T>
struct Columns {
    T* packed;
    const T* source;
    index_t pitch;
};

// to[row][position] (+)= sum over terms of weight[row, term] column[term][position].
template <class T, int rows, int vectors, bool packs>
void multiply_tile(index_t depth, const Factors<T>& factors, const Columns<T>& columns, T* to,
                   index_t pitch, bool accumulate) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t row_pitch = factors.row_pitch, term_pitch = factors.term_pitch;
    const T* __restrict weight = factors.from;
    const T* __restrict column = packs ? columns.source : columns.packed;
    T* __restrict packed = columns.packed;
    const index_t step = packs ? columns.pitch : vectors * lanes;
    vec<T> sum[rows][vectors] = {};
    // Fetched while the sums are made (64 to 256 channels of 56 x 56, AMD Zen 3, 2026: 0.9 of the
    // time).
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
        __builtin_prefetch(to + i * pitch, 1);
        __builtin_prefetch(to + i * pitch + vectors * lanes - 1, 1);
    }
#pragma GCC unroll 4
    for (index_t d = 0; d < depth; ++d) {
        vec<T> value[vectors];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; ++j) value[j] = load(column + j * lanes);
        if constexpr (packs) {
#pragma GCC unroll 4
            for (int j = 0; j < vectors; ++j) store(packed + j * lanes, value[j]);
            packed += vectors * lanes;
        }
#pragma GCC unroll 8
        for (int i = 0; i < rows; ++i) {
            const vec<T> factor = broadcast(weight[i * row_pitch]);
#pragma GCC unroll 4
            for (int j = 0; j < vectors; ++j) sum[i][j] += product<T>(value[j], factor);
        }
        weight += term_pitch;
        column += step;
    }
    store_sums(sum, to, pitch, accumulate);
}

template <class T>
using Multiply = void (*)(index_t, const Factors<T>&, const Columns<T>&, T*, index_t, bool);

template <class T, int rows = CHANNEL_ROWS, int vectors = TILE_VECTORS>
inline Multiply<T> multiply_for(int wanted, int wanted_vectors, bool packs) {
    if constexpr (vectors > 1) {
        if (wanted_vectors < vectors)
            return multiply_for<T, rows, vectors - 1>(wanted, wanted_vectors, packs);
    }
    if constexpr (rows > 1) {
        if (wanted < rows) return multiply_for<T, rows - 1, vectors>(wanted, wanted_vectors, packs);
    }
    return packs ? multiply_tile<T, rows, vectors, true> : multiply_tile<T, rows, vectors, false>;
}

}  // namespace
}  // namespace convcore::gemm_positions
