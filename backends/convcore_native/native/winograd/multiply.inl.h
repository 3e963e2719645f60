// Products of transformed operands, of one frequency at a time. The lanes of the right operand and
// of the result are channels; those of the left operand are broadcast one by one.
#pragma once
#include "simd/vector.inl.h"

namespace convcore::winograd {
namespace {

// The register tile: with 16 registers 6 tiles by 2 vectors, with 32 twice as many tiles.
constexpr int TILE_ROWS = TILES.winograd.rows, TILE_VECTORS = TILES.winograd.vectors;
template <class T>
constexpr int tile_width = TILE_VECTORS * Simd<T>::lanes;

// Elements that are fetched ahead at a time, a line of the cache.
template <class T>
constexpr index_t line_size = 64 / index_t(sizeof(T));

// Tile rows times a panel of target channels, summed over `blocks` vectors of source channels:
// a[block][row][lane], b[block * lanes + lane][column]. Blocks of `a` are `a_pitch` apart. With
// each of them a line from `next` on is fetched, if that is wanted.
template <class T, int rows, bool fetch>
void multiply_tiles(index_t blocks, const T* __restrict a, index_t a_pitch, const T* __restrict b,
                    T* c, index_t c_pitch, bool accumulate, const T* next) {
    constexpr int lanes = Simd<T>::lanes, unrolled = 4;
    vec<T> sum[rows][TILE_VECTORS] = {};
    for (index_t block = 0; block < blocks; ++block) {
        if constexpr (fetch) {
            __builtin_prefetch(next);
            next += line_size<T>;
        }
        const T* row = a;
        for (int part = 0; part < lanes; part += unrolled) {
#pragma GCC unroll 4
            for (int lane = 0; lane < unrolled; ++lane) {
                vec<T> column[TILE_VECTORS];
#pragma GCC unroll 4
                for (int j = 0; j < TILE_VECTORS; ++j) column[j] = load(b + j * lanes);
#pragma GCC unroll 16
                for (int i = 0; i < rows; ++i) {
                    const vec<T> value = broadcast(row[i * lanes + lane]);
#pragma GCC unroll 4
                    for (int j = 0; j < TILE_VECTORS; ++j) sum[i][j] += value * column[j];
                }
                b += tile_width<T>;
            }
            row += unrolled;
        }
        a += a_pitch;
    }
    store_sums(sum, c, c_pitch, accumulate);
}

template <class T>
using MultiplyTiles = void (*)(index_t, const T*, index_t, const T*, T*, index_t, bool, const T*);

template <class T, bool fetch, int rows = TILE_ROWS>
inline MultiplyTiles<T> multiply_tiles_for(int wanted) {
    if constexpr (rows == 1) {
        return multiply_tiles<T, 1, fetch>;
    } else {
        return wanted == rows ? multiply_tiles<T, rows, fetch>
                              : multiply_tiles_for<T, fetch, rows - 1>(wanted);
    }
}

// The register tile of the weight gradient: target channels x vectors of source channels.
constexpr int GRADIENT_ROWS = TILES.winograd_gradient.rows;
constexpr int GRADIENT_COLUMNS = TILES.winograd_gradient.vectors;

// c[row][column] (+)= sum over tiles of a[tile][row] * b[column vector][tile][lane].
template <class T, int columns, bool accumulate>
void multiply_channels(index_t tiles, const T* __restrict a, const T* __restrict b, index_t b_pitch,
                       T* c, index_t c_pitch) {
    constexpr int lanes = Simd<T>::lanes, rows = GRADIENT_ROWS;
    vec<T> sum[rows][columns] = {};
    // Fetched while the sums are made (256 channels, AMD Zen 3, 2026, one thread: 0.95 of the
    // time).
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
        __builtin_prefetch(c + i * c_pitch, 1);
        __builtin_prefetch(c + i * c_pitch + columns * lanes - 1, 1);
    }
    for (index_t tile = 0; tile < tiles; ++tile) {
        vec<T> column[columns];
#pragma GCC unroll 4
        for (int j = 0; j < columns; ++j) column[j] = load(b + j * b_pitch);
#pragma GCC unroll 16
        for (int i = 0; i < rows; ++i) {
            const vec<T> value = broadcast(a[i]);
#pragma GCC unroll 4
            for (int j = 0; j < columns; ++j) sum[i][j] += value * column[j];
        }
        a += lanes;
        b += lanes;
    }
    store_sums(sum, c, c_pitch, accumulate);
}

template <class T>
using MultiplyChannels = void (*)(index_t, const T*, const T*, index_t, T*, index_t);

template <class T, bool accumulate>
inline MultiplyChannels<T> multiply_channels_for(index_t columns) {
    if (columns == 1) return multiply_channels<T, 1, accumulate>;
    if (columns == 2) return multiply_channels<T, 2, accumulate>;
    return multiply_channels<T, 3, accumulate>;
}

}  // namespace
}  // namespace convcore::winograd
