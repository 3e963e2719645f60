// Register tiles of several target channels: each vector that is loaded serves all of them.
#pragma once
#include "few_channels/tiles.inl.h"

namespace convcore::few_channels {
namespace {

// One tap of `rows` target channels: each loaded vector serves all of them.
template <class T, int rows, int vectors>
ALWAYS_INLINE inline void add_tap(vec<T> (&sum)[rows][vectors], const T* from, const T* weight,
                                  index_t tail) {
    if constexpr (rows < vectors) {
        vec<T> row[rows];
#pragma GCC unroll 16
        for (int i = 0; i < rows; ++i) row[i] = broadcast(weight[i]);
#pragma GCC unroll 8
        for (int j = 0; j < vectors; ++j) {
            const vec<T> column = load(from + vector_place<T, vectors>(tail, j));
#pragma GCC unroll 16
            for (int i = 0; i < rows; ++i) sum[i][j] += product<T>(column, row[i]);
        }
    } else {
        vec<T> column[vectors];
#pragma GCC unroll 8
        for (int j = 0; j < vectors; ++j)
            column[j] = load(from + vector_place<T, vectors>(tail, j));
#pragma GCC unroll 16
        for (int i = 0; i < rows; ++i) {
            const vec<T> row = broadcast(weight[i]);
#pragma GCC unroll 8
            for (int j = 0; j < vectors; ++j) sum[i][j] += product<T>(column[j], row);
        }
    }
}

// A long sum is made of partial ones of about this many terms; but that of integers is exact.
constexpr index_t PARTIAL_TERMS = 256;
template <class T>
constexpr bool INEXACT = T(0.5) != T(0);

// Adds the sums to the total, which is memory, and starts again from zero.
template <class T, int rows, int vectors>
ALWAYS_INLINE inline void flush(vec<T> (&sum)[rows][vectors], T* total, bool first) {
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < vectors; ++j) {
            T* place = total + (i * vectors + j) * Simd<T>::lanes;
            store(place, first ? sum[i][j] : load(place) + sum[i][j]);
            sum[i][j] = vec<T>{};
        }
}

// A sum of at most PARTIAL_TERMS terms, from column `first` on.
template <class T, int rows, int vectors>
ALWAYS_INLINE inline void channels_tile(const PositionTile<T>& tile, index_t first, index_t tail) {
    vec<T> sum[rows][vectors] = {};
    for (int p = 0; p < tile.planes; ++p) {
        const T* band = tile.band + first + p * tile.plane_size;
        const T* weight = tile.weight + tile.plane[p] * tile.taps * rows;
        for (index_t t = 0; t < tile.taps; ++t, weight += rows)
            add_tap<T, rows, vectors>(sum, band + tile.tap_offset[t], weight, tail);
    }
    store_tile(tile, sum, first, tail);
}

// A sum of any number of terms. Not inlined, since the total would take registers from short sums.
template <class T, int rows, int vectors>
__attribute__((noinline)) void long_channels_tile(const PositionTile<T>& tile, index_t first,
                                                  index_t tail) {
    vec<T> sum[rows][vectors] = {};
    T total[rows * vectors * Simd<T>::lanes];
    index_t terms = 0, flushed = 0;
    for (int p = 0; p < tile.planes; ++p) {
        const T* band = tile.band + first + p * tile.plane_size;
        const T* weight = tile.weight + tile.plane[p] * tile.taps * rows;
        for (index_t t = 0; t < tile.taps;) {
            const index_t end = smaller(tile.taps, t + PARTIAL_TERMS);
            terms += end - t;
            if (terms > PARTIAL_TERMS) {
                flush<T, rows, vectors>(sum, total, flushed++ == 0);
                terms = end - t;
            }
            for (; t < end; ++t, weight += rows)
                add_tap<T, rows, vectors>(sum, band + tile.tap_offset[t], weight, tail);
        }
    }
    if (flushed > 0) {
#pragma GCC unroll 16
        for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
            for (int j = 0; j < vectors; ++j)
                sum[i][j] += load(total + (i * vectors + j) * Simd<T>::lanes);
    }
    store_tile(tile, sum, first, tail);
}

// All columns of some target channels, or of some target rows of one channel. The tile is copied,
// since no store can change a copy.
template <class T, int rows>
void run_channels(const PositionTile<T>& shared) {
    const PositionTile<T> tile = shared;
    const bool longer = tile.planes * tile.taps > PARTIAL_TERMS;
    run_tiles<T, channel_vectors(rows)>(
        tile.length, [&](auto vectors, index_t first, index_t tail) ALWAYS_INLINE {
            if constexpr (INEXACT<T>)
                if (longer) return long_channels_tile<T, rows, vectors.value>(tile, first, tail);
            channels_tile<T, rows, vectors.value>(tile, first, tail);
        });
}

// At least two: a single one has tiles of target rows.
template <class T, int rows = PANEL_ROWS>
inline RunTile<T> channels_for(int wanted) {
    if constexpr (rows > 2) {
        if (wanted < rows) return channels_for<T, rows - 1>(wanted);
    }
    return run_channels<T, rows>;
}

}  // namespace
}  // namespace convcore::few_channels
