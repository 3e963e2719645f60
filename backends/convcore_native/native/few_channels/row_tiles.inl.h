// Register tiles of target rows of one channel, which share the weights and what they read.
#pragma once
#include "few_channels/tiles.inl.h"

namespace convcore::few_channels {
namespace {

constexpr int SLIDE_ROWS = TILES.few_channels.rows;

// For target rows of one channel with few row taps, where there are tiles of their own: sums of a
// tile, and rows that it has at most. Enough sums hide what each one waits for (AMD Zen 3, 2026, 12
// rows of a vector instead of 4 of 3 or fewer: depthwise 7 x 7 of 56 x 56 0.94 of the time, of 14 x
// 14 0.85, of 7 x 7 0.81; 5 x 5 of 28 x 28 0.85).
constexpr int SHORT_SUMS = TILES.few_channels.short_sums;
constexpr int SHORT_ROWS = TILES.few_channels.short_rows;
constexpr int short_vectors(int rows) { return SHORT_SUMS / (rows < 4 ? 4 : rows); }

// Row taps whose weights stay in registers at a time; of more there are three, afterwards.
constexpr int SHORT_TAPS = 5, MORE_TAPS = 3;
static_assert(SHORT_TAPS + 1 - MORE_TAPS > 1 && FEW_ROW_TAPS <= SHORT_TAPS + MORE_TAPS);
constexpr bool has_more(int taps) {
    return taps + MORE_TAPS > SHORT_TAPS && taps + MORE_TAPS <= FEW_ROW_TAPS;
}

// So many hide what each sum waits for; more would only take longer to compile.
constexpr int ENOUGH_SUMS = 16;

// Vectors of a tile of `rows` target rows of one channel, where those of the source need registers
// too.
constexpr int row_vectors(int rows) {
    const int fit = (TILES.registers - 1) / (rows + 1), enough = ENOUGH_SUMS / rows;
    const int vectors = fit < enough ? fit : enough;
    return vectors > MOST_VECTORS ? MOST_VECTORS : vectors;
}

// `rows` target rows of one channel, tap by tap.
template <class T, int rows, int vectors>
ALWAYS_INLINE inline void rows_tile(const PositionTile<T>& tile, index_t first, index_t tail) {
    vec<T> sum[rows][vectors] = {};
    for (int p = 0; p < tile.planes; ++p) {
        const T* band = tile.band + first + p * tile.plane_size;
        const T* weight = tile.weight + tile.plane[p] * tile.taps;
        for (index_t t = 0; t < tile.taps; ++t) {
            const T* from = band + tile.tap_offset[t];
            const vec<T> row = broadcast(weight[t]);
#pragma GCC unroll 4
            for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
                for (int j = 0; j < vectors; ++j)
                    sum[i][j] += product<T>(
                        load(from + i * tile.line + vector_place<T, vectors>(tail, j)), row);
        }
    }
    store_tile(tile, sum, first, tail);
}

// The column taps of a tile that are not outside for all lanes.
struct ColumnTaps {
    index_t first, last;
};

template <class T>
inline ColumnTaps taps_inside(const PositionTile<T>& tile, index_t first, index_t width) {
    ColumnTaps taps{0, tile.column_taps};
    while (taps.first < taps.last &&
           first + tile.column_offset[taps.first] + width <= tile.first_column)
        ++taps.first;
    while (taps.first < taps.last && first + tile.column_offset[taps.last - 1] >= tile.last_column)
        --taps.last;
    return taps;
}

// One row of the band, which target rows `first` to `last` of the tile read. `weight` is that of
// target row 0.
template <class T, int rows, int vectors, int first, int last>
ALWAYS_INLINE inline void slide_line(vec<T> (&sum)[rows][vectors], const T* line, const T* weight,
                                     const PositionTile<T>& tile, ColumnTaps taps, index_t tail) {
    for (index_t t = taps.first; t < taps.last; ++t) {
        const T* from = line + tile.column_offset[t];
        vec<T> column[vectors];
#pragma GCC unroll 8
        for (int j = 0; j < vectors; ++j)
            column[j] = load(from + vector_place<T, vectors>(tail, j));
#pragma GCC unroll 4
        for (int i = first; i <= last; ++i) {
            const vec<T> row = broadcast(weight[t - i * tile.column_taps]);
#pragma GCC unroll 8
            for (int j = 0; j < vectors; ++j) sum[i][j] += product<T>(column[j], row);
        }
    }
}

template <class T, int rows, int vectors, int first = 0, int last = 0>
ALWAYS_INLINE inline void slide_from(index_t from, index_t to, vec<T> (&sum)[rows][vectors],
                                     const T* line, const T* weight, const PositionTile<T>& tile,
                                     ColumnTaps taps, index_t tail) {
    if (from == first && to == last) {
        slide_line<T, rows, vectors, first, last>(sum, line, weight, tile, taps, tail);
    } else if constexpr (last + 1 < rows) {
        slide_from<T, rows, vectors, first, last + 1>(from, to, sum, line, weight, tile, taps,
                                                      tail);
    } else if constexpr (first + 1 < rows) {
        slide_from<T, rows, vectors, first + 1, first + 1>(from, to, sum, line, weight, tile, taps,
                                                           tail);
    }
}

// `rows` target rows of one channel, source row by source row: each loaded vector serves all the
// target rows that slide over it.
template <class T, int rows, int vectors>
ALWAYS_INLINE inline void slide_tile(const PositionTile<T>& tile, index_t first, index_t tail) {
    vec<T> sum[rows][vectors] = {};
    const ColumnTaps taps = taps_inside(tile, first, (vectors > 1 ? tail : 0) + Simd<T>::lanes);
    for (int p = 0; p < tile.planes; ++p) {
        const T* band = tile.band + first + p * tile.plane_size;
        const T* weight = tile.weight + tile.plane[p] * tile.taps;
        for (index_t y = tile.first_line; y < tile.last_line; ++y) {
            const index_t from = y < tile.row_taps ? 0 : y - tile.row_taps + 1;
            const index_t to = y < rows ? y : rows - 1;
            slide_from<T, rows, vectors>(from, to, sum, band + y * tile.line,
                                         weight + y * tile.column_taps, tile, taps, tail);
        }
    }
    // No -0, as in store_sums: taps that are outside for all lanes are left out.
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < vectors; ++j) sum[i][j] += vec<T>{};
    store_tile(tile, sum, first, tail);
}

// What the first `row_taps` row taps of `weight` add: the weights of a column tap stay in
// registers.
template <class T, int row_taps, int rows, int vectors>
ALWAYS_INLINE inline void add_row_taps(vec<T> (&sum)[rows][vectors], const T* band, const T* weight,
                                       const PositionTile<T>& tile, index_t tail) {
    for (index_t t = 0; t < tile.column_taps; ++t) {
        const T* line = band + tile.column_offset[t];
        vec<T> row[row_taps];
#pragma GCC unroll 8
        for (int i = 0; i < row_taps; ++i) row[i] = broadcast(weight[i * tile.column_taps + t]);
#pragma GCC unroll 16
        for (int y = 0; y < rows + row_taps - 1; ++y, line += tile.line)
#pragma GCC unroll 8
            for (int j = 0; j < vectors; ++j) {
                const vec<T> column = load(line + vector_place<T, vectors>(tail, j));
#pragma GCC unroll 8
                for (int i = 0; i < row_taps; ++i)
                    if (y - i >= 0 && y - i < rows) sum[y - i][j] += product<T>(column, row[i]);
            }
    }
}

// `rows` target rows of one channel with few row taps, from column `first` on: `row_taps` of them,
// then those that there are more.
template <class T, int row_taps, int rows, int vectors>
ALWAYS_INLINE inline void short_tile(const PositionTile<T>& tile, index_t first, index_t tail) {
    vec<T> sum[rows][vectors] = {};
    for (int p = 0; p < tile.planes; ++p) {
        const T* band = tile.band + first + p * tile.plane_size;
        const T* weight = tile.weight + tile.plane[p] * tile.taps;
        add_row_taps<T, row_taps>(sum, band, weight, tile, tail);
        if constexpr (has_more(row_taps))
            if (tile.row_taps > row_taps)
                add_row_taps<T, MORE_TAPS>(sum, band + row_taps * tile.line,
                                           weight + row_taps * tile.column_taps, tile, tail);
    }
    store_tile(tile, sum, first, tail);
}

// How the rows of one channel read the band.
enum Rows { APART, SLIDING, SLIDING_FEW_TAPS };

constexpr int most_rows(Rows kind) { return kind == SLIDING_FEW_TAPS ? SHORT_ROWS : SLIDE_ROWS; }

template <class T, int rows, bool sliding>
void run_rows(const PositionTile<T>& shared) {
    const PositionTile<T> tile = shared;
    run_tiles<T, row_vectors(rows)>(tile.length,
                                    [&](auto vectors, index_t first, index_t tail) ALWAYS_INLINE {
                                        if constexpr (sliding) {
                                            slide_tile<T, rows, vectors.value>(tile, first, tail);
                                        } else {
                                            rows_tile<T, rows, vectors.value>(tile, first, tail);
                                        }
                                    });
}

template <class T, int row_taps, int rows>
void run_short(const PositionTile<T>& shared) {
    const PositionTile<T> tile = shared;
    run_tiles<T, short_vectors(rows)>(
        tile.length, [&](auto vectors, index_t first, index_t tail) ALWAYS_INLINE {
            short_tile<T, row_taps, rows, vectors.value>(tile, first, tail);
        });
}

template <class T, bool sliding, int rows = SLIDE_ROWS>
inline RunTile<T> rows_for(int wanted) {
    if constexpr (rows > 1) {
        if (wanted < rows) return rows_for<T, sliding, rows - 1>(wanted);
    }
    return run_rows<T, rows, sliding>;
}

template <class T, int row_taps = SHORT_TAPS, int rows = SHORT_ROWS>
inline RunTile<T> short_for(int wanted_taps, int wanted) {
    if constexpr (row_taps > 2) {
        if (wanted_taps < row_taps) return short_for<T, row_taps - 1, rows>(wanted_taps, wanted);
    }
    if constexpr (rows > 1) {
        if (wanted < rows) return short_for<T, row_taps, rows - 1>(wanted_taps, wanted);
    }
    return run_short<T, row_taps, rows>;
}

template <class T>
inline RunTile<T> rows_for(Rows kind, int row_taps, int wanted) {
    if constexpr (SHORT_ROWS > 0)
        if (kind == SLIDING_FEW_TAPS)
            return short_for<T>(row_taps > SHORT_TAPS ? row_taps - MORE_TAPS : row_taps, wanted);
    return kind == APART ? rows_for<T, false>(wanted) : rows_for<T, true>(wanted);
}

}  // namespace
}  // namespace convcore::few_channels
