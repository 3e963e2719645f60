// Register tiles whose lanes are neighbouring target positions: weights are broadcast, the band is
// read with unaligned loads, so nothing is lowered.
#pragma once
#include "few_channels/kernels.h"
#include "problem/integers.h"
#include "simd/vector.inl.h"

namespace convcore::few_channels {
namespace {

constexpr int PANEL_ROWS = TILES.few_channels.channels, SUMS = TILES.few_channels.sums;
constexpr int MOST_VECTORS = TILES.few_channels.most_vectors;

// Vectors of a tile with `rows` target channels: as many as the registers hold sums for.
constexpr int channel_vectors(int rows) {
    return SUMS / rows > MOST_VECTORS ? MOST_VECTORS : SUMS / rows;
}

// At most `limit` of `rest` things; the last two times, as many as each other.
inline index_t portion(index_t rest, index_t limit) {
    return rest <= limit ? rest : rest < 2 * limit ? (rest + 1) / 2 : limit;
}

// What tiles side by side read and where they go. The last of several vectors overlaps the one
// before it, so that no lane is beyond the row.
template <class T>
struct PositionTile {
    const int* plane;  // numbers of the planes, in the packed weight
    int planes;
    index_t plane_size;
    const T* band;    // what offset 0 of plane 0 means to the first position
    const T* weight;  // packed
    index_t taps;     // of a plane
    const index_t* tap_offset;
    index_t line;  // elements from what one target row reads to what the next one reads
    T* to;
    index_t to_pitch;
    index_t length;  // positions, at least a vector
    // Where target rows slide over the rows of the band:
    index_t row_taps, column_taps;
    const index_t* column_offset;
    // with many row taps, the rows of the band that lie inside, counted from the first one that row
    // 0 reads, and the columns, counted from the first position.
    index_t first_line, last_line;
    index_t first_column, last_column;
};

// Where vector `j` of a tile stands, the last of several at `tail`.
template <class T, int vectors>
inline index_t vector_place(index_t tail, int j) {
    return vectors > 1 && j == vectors - 1 ? tail : j * Simd<T>::lanes;
}

template <class T, int rows, int vectors>
ALWAYS_INLINE inline void store_tile(const PositionTile<T>& tile,
                                     const vec<T> (&sum)[rows][vectors], index_t first,
                                     index_t tail) {
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < vectors; ++j)
            store(tile.to + first + i * tile.to_pitch + vector_place<T, vectors>(tail, j),
                  sum[i][j]);
}

template <int number>
struct Number {
    static constexpr int value = number;
};

template <int most, class Run>
ALWAYS_INLINE inline void run_tile(index_t width, index_t first, index_t tail, Run run) {
    if constexpr (most > 1) {
        if (width < most) return run_tile<most - 1>(width, first, tail, run);
    }
    run(Number<most>{}, first, tail);
}

// Calls run(vectors, first column, offset of the last vector) for tiles that cover `length`
// columns, at least one vector. The loop is inlined with the tile since a call costs as much as the
// work of a small one (56 x 56, depthwise 3 x 3, AMD Zen 3, 2026: 0.8 of the time; 512 channels of
// 10 taps: 0.78).
template <class T, int most, class Run>
ALWAYS_INLINE inline void run_tiles(index_t length, Run run) {
    constexpr int lanes = Simd<T>::lanes;
    for (index_t first = 0, width = 0; first < length; first += width * lanes) {
        width = portion(quotient(length - first, lanes), most);
        const index_t tail = smaller((width - 1) * lanes, length - first - lanes);
        // A last tile of less than a vector moves back over the one before it.
        run_tile<most>(width, tail < 0 ? length - lanes : first, tail, run);
    }
}

template <class T>
using RunTile = void (*)(const PositionTile<T>&);

}  // namespace
}  // namespace convcore::few_channels
