#define VECTOR_BYTES 16  // that every processor has
#include "machine/copies.h"

#include <stdint.h>

#include <algorithm>

#include "machine/parallel.inl.h"
#include "problem/dtypes.h"
#include "simd/copy.inl.h"

namespace convcore {

namespace {

// Elements that one thread copies before another could have begun to help (Zen 3, 2026-12).
constexpr index_t FEW = 1 << 14;
// Rows and columns of a tile that is transposed in one piece, and elements of a part of a row.
constexpr index_t TILE = 128, RUN = 4096;

struct Wide {
    uint64_t low, high;
};

template <class T>
T* row_of(const Rows& rows, index_t matrix, index_t row) {
    return static_cast<T*>(rows.data) + matrix * rows.matrix_pitch + row * rows.row_pitch;
}

int threads_for(int threads, Extents extents) {
    return extents.matrices * extents.rows * extents.columns <= FEW ? 1 : threads;
}

template <class T>
void transpose_square(const T* from, index_t from_pitch, T* to, index_t to_pitch) {
    constexpr int lanes = Simd<T>::lanes;
    vec<T> square[lanes];
    for (int i = 0; i < lanes; ++i) square[i] = load(from + i * from_pitch);
    transpose<T>(square);
    for (int i = 0; i < lanes; ++i) store(to + i * to_pitch, square[i]);
}

template <class T>
void transpose_elements(const T* from, index_t from_pitch, T* to, index_t to_pitch, index_t rows,
                        index_t columns) {
    for (index_t j = 0; j < columns; ++j) {
        for (index_t i = 0; i < rows; ++i) to[j * to_pitch + i] = from[i * from_pitch + j];
    }
}

// Some rows and columns, square by square and what is left over.
template <class T>
void transpose_block(const T* from, index_t from_pitch, T* to, index_t to_pitch, index_t rows,
                     index_t columns) {
    index_t j = 0;
    if constexpr (sizeof(T) < VECTOR_BYTES) {
        constexpr index_t lanes = Simd<T>::lanes;
        const index_t whole = rows - rows % lanes;
        for (; j + lanes <= columns; j += lanes) {
            for (index_t i = 0; i < whole; i += lanes) {
                transpose_square(from + i * from_pitch + j, from_pitch, to + j * to_pitch + i,
                                 to_pitch);
            }
        }
        transpose_elements(from + whole * from_pitch, from_pitch, to + whole, to_pitch,
                           rows - whole, j);
    }
    transpose_elements(from + j, from_pitch, to + j * to_pitch, to_pitch, rows, columns - j);
}

// In blocks of whole cache lines: where rows lie a power of two apart, few of them stay in a cache.
template <class T>
void transpose_tile(const T* from, index_t from_pitch, T* to, index_t to_pitch, index_t rows,
                    index_t columns) {
    constexpr index_t line = 64 / sizeof(T);
    for (index_t i = 0; i < rows; i += line) {
        for (index_t j = 0; j < columns; j += line) {
            transpose_block(from + i * from_pitch + j, from_pitch, to + j * to_pitch + i, to_pitch,
                            std::min(line, rows - i), std::min(line, columns - j));
        }
    }
}

// Calls visit(matrix, row, column, rows, columns) for every tile.
template <class Visit>
void for_tiles(int threads, Extents extents, const Visit& visit) {
    const index_t down = quotient(extents.rows, TILE), across = quotient(extents.columns, TILE);
    const index_t tiles = extents.matrices * down * across;
    parallel_for(threads, tiles, few_of(tiles, threads), [&](index_t tile, int) {
        const index_t j = tile % across * TILE, i = tile / across % down * TILE;
        visit(tile / across / down, i, j, std::min(TILE, extents.rows - i),
              std::min(TILE, extents.columns - j));
    });
}

template <class T>
void transpose_all(int threads, Extents extents, Rows from, Rows to) {
    for_tiles(threads, extents,
              [&](index_t matrix, index_t i, index_t j, index_t rows, index_t columns) {
                  transpose_tile(row_of<const T>(from, matrix, i) + j, from.row_pitch,
                                 row_of<T>(to, matrix, j) + i, to.row_pitch, rows, columns);
              });
}

// Calls visit(matrix, row, start, count) for every part of a row.
template <class Visit>
void for_runs(int threads, Extents extents, const Visit& visit) {
    const index_t parts = quotient(extents.columns, RUN);
    const index_t runs = extents.matrices * extents.rows * parts;
    parallel_for(threads, runs, few_of(runs, threads), [&](index_t run, int) {
        const index_t start = run % parts * RUN, row = run / parts;
        visit(row / extents.rows, row % extents.rows, start,
              std::min(RUN, extents.columns - start));
    });
}

template <class T>
void split_all(int threads, Extents extents, Rows pairs, Rows real, Rows imaginary) {
    for_runs(threads, extents, [&](index_t matrix, index_t row, index_t start, index_t count) {
        const T* from = row_of<const T>(pairs, matrix, row) + 2 * start;
        split_pairs(from, count, row_of<T>(real, matrix, row) + start,
                    row_of<T>(imaginary, matrix, row) + start);
    });
}

template <class T>
void join_all(int threads, Extents extents, Rows real, Rows imaginary, Rows pairs) {
    for_runs(threads, extents, [&](index_t matrix, index_t row, index_t start, index_t count) {
        const T* x = row_of<const T>(real, matrix, row) + start;
        const T* y = row_of<const T>(imaginary, matrix, row) + start;
        join_pairs(x, y, count, row_of<T>(pairs, matrix, row) + 2 * start);
    });
}

template <class T>
void add_to_all(int threads, Extents extents, Rows to, const T* bias) {
    for_runs(threads, extents, [&](index_t matrix, index_t row, index_t start, index_t count) {
        T* run = row_of<T>(to, matrix, row) + start;
        const T value = bias[row];
        for (index_t i = 0; i < count; ++i) run[i] = T(run[i] + value);
    });
}

const char* element_of(const Rows& rows, int itemsize, index_t matrix, index_t row, index_t at) {
    return row_of<const char>({rows.data, rows.matrix_pitch * itemsize, rows.row_pitch * itemsize},
                              matrix, row) +
           at * itemsize;
}

// Row by row of a tile, as many as a cache line of the target has elements, and those transposed.
template <class T>
void convert_transposed(int threads, Convert convert, Extents extents, int itemsize, Rows from,
                        Rows to) {
    constexpr index_t line = 64 / sizeof(T);
    for_tiles(threads, extents,
              [&](index_t matrix, index_t row, index_t column, index_t rows, index_t columns) {
                  alignas(64) T strip[line * TILE];
                  for (index_t i = 0; i < rows; i += line) {
                      const index_t count = std::min(line, rows - i);
                      for (index_t k = 0; k < count; ++k)
                          convert(element_of(from, itemsize, matrix, row + i + k, column), columns,
                                  strip + k * TILE);
                      transpose_tile(strip, TILE, row_of<T>(to, matrix, column) + row + i,
                                     to.row_pitch, count, columns);
                  }
              });
}

void convert_rows(int threads, Convert convert, Extents extents, int from_size, int to_size,
                  Rows from, Rows to) {
    for_runs(threads, extents, [&](index_t matrix, index_t row, index_t start, index_t count) {
        convert(element_of(from, from_size, matrix, row, start), count,
                const_cast<char*>(element_of(to, to_size, matrix, row, start)));
    });
}

void convert_any(int threads, Convert convert, Extents extents, int from_size, int to_size,
                 bool transposed, Rows from, Rows to) {
    threads = threads_for(threads, extents);
    if (!transposed) return convert_rows(threads, convert, extents, from_size, to_size, from, to);
    const auto all = to_size == 2 ? convert_transposed<uint16_t> : convert_transposed<uint32_t>;
    all(threads, convert, extents, from_size, from, to);
}

void transpose_any(int threads, int itemsize, Extents extents, Rows from, Rows to) {
    threads = threads_for(threads, extents);
    switch (itemsize) {
        case 1:
            return transpose_all<uint8_t>(threads, extents, from, to);
        case 2:
            return transpose_all<uint16_t>(threads, extents, from, to);
        case 4:
            return transpose_all<uint32_t>(threads, extents, from, to);
        case 8:
            return transpose_all<uint64_t>(threads, extents, from, to);
        default:
            return transpose_all<Wide>(threads, extents, from, to);
    }
}

void split_any(int threads, int itemsize, Extents extents, Rows pairs, Rows real, Rows imaginary) {
    const auto split = itemsize == 4 ? split_all<uint32_t> : split_all<uint64_t>;
    split(threads_for(threads, extents), extents, pairs, real, imaginary);
}

void join_any(int threads, int itemsize, Extents extents, Rows real, Rows imaginary, Rows pairs) {
    const auto join = itemsize == 4 ? join_all<uint32_t> : join_all<uint64_t>;
    join(threads_for(threads, extents), extents, real, imaginary, pairs);
}

void add_any(int threads, bool integers, int itemsize, Extents extents, Rows to, const void* bias) {
    threads = threads_for(threads, extents);
    for_dtype(integers, itemsize, [&](auto zero) {
        add_to_all(threads, extents, to, static_cast<const decltype(zero)*>(bias));
    });
}

const Copies all = {transpose_any, split_any, join_any, add_any, convert_any};

}  // namespace

const Copies& copies() { return all; }

}  // namespace convcore
