// What the drivers and the kernels of the backend `tilefft` agree on: plain C types, no functions.
//
// A tile of `2 rows` x `columns` real numbers x[i][j] stands for a polynomial in u and v modulo
// u^(2 rows) + 1 and v^columns - 1. Modulo u^rows - i, which takes no arithmetic, its coefficients
// are x[i][j] + i x[i + rows][j]; its values at the roots of the other factor, u^rows + i, are the
// conjugates of those at the roots of this one. So the spectrum, the values at the rows * columns
// pairs of roots, holds as many numbers as the tile, has no symmetry left to care for, and spectra
// multiply element by element. What wraps around the end of the first axis changes its sign;
// overlap-save reads nothing of what wraps around.
//
// A line of 2 rows columns numbers is a tile whose rows follow each other: with y = u^columns
// it is reduced modulo y^rows - i first, and then modulo u^columns - y for each root y; the twist
// by powers of a root of y makes that u^columns - 1.
#pragma once
#include "problem/axis.h"
#include "problem/routines.h"

namespace convcore::tilefft {

constexpr int MAX_LEVELS = 12;

// Columns of a tile are transformed in strips of that many bytes of a row: a few cache lines.
constexpr index_t STRIP_BYTES = 256;

// Polynomials modulo u^(radix length) - c^radix, one for each of `blocks` roots c, are reduced to
// `radix` ones each, of `length` coefficients; they take the place of their parent.
struct Level {
    int radix;
    index_t blocks, length;
};

template <class T>
struct Fft {
    index_t extent;
    int levels;
    Level level[MAX_LEVELS];
    const T* twiddle;  // level by level and block by block, c, c^2, ... as (real, imaginary)
    bool cyclic;       // the first block of each level has c = 1
};

template <class T>
struct Transform {
    Fft<T> down, across;  // of `rows` and of `columns` complex numbers
    const T* twist;       // of lines, in the order of the spectrum; else nullptr
    index_t block;        // elements from one block of columns to the next, in the workspace
    index_t pitch;        // elements from one spectrum to the next
};

// How the tiles lie on one axis of an array: position i < kept of tile t is position
// start + t advance + i of a dense axis, on which the elements of the array are `spacing` apart.
struct Axis {
    index_t start, advance, kept, tiles;
    index_t spacing, extent, pitch;
};

struct Field {
    Axis axis[2];    // of a line only axis[1] counts
    index_t origin;  // element of the array that stands at the beginning of its axes
    index_t group_pitch, channel_pitch, batch_pitch;
};

// Some tiles of some channels, and where their spectra stand, in units of spectra.
struct Items {
    index_t first_group, groups;
    index_t first_channel, channels;
    index_t first_tile, tiles;
    index_t group_place, channel_place, tile_place;
};

// result[g, i, j] (+)= sum over d of a[g, i, d] conj(b[g, j, d]), frequency by frequency; the
// pitches are in elements.
struct Product {
    index_t groups, rows, columns, depth;
    index_t length;  // elements of a spectrum
    index_t a_group, a_row, a_depth;
    index_t b_group, b_column, b_depth;
    index_t result_group, result_row, result_column;
    bool accumulate;
    index_t row_block, column_block;  // of `combine`: results of one task
};

template <class T>
struct Routines {
    int lanes;  // of a vector

    // `workspace` holds STRIP_BYTES / VECTOR_BYTES blocks for each thread.
    void (*transform)(const Transform<T>&, const Field&, const Items&, const T* array, T* spectra,
                      T* workspace, int threads);
    void (*multiply)(const Product&, const T* a, const T* b, T* result, int threads);
    // Back from the spectra, which it overwrites, to the elements that the tiles keep; returns
    // whether all of those are finite.
    bool (*restore)(const Transform<T>&, const Field&, const Items&, T* spectra, T* array,
                    T* workspace, int threads);
    // `multiply` and `restore` at once: rows are the tiles of the items, columns their channels,
    // and results are put into the array without being stored. `workspace` holds row_block *
    // column_block spectra more for each thread, where result_row and result_column refer to.
    bool (*combine)(const Transform<T>&, const Field&, const Items&, const Product&, const T* a,
                    const T* b, T* array, T* workspace, int threads);
};

typedef BothDtypes<Routines> Table;

}  // namespace convcore::tilefft
