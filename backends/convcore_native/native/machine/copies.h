// Passes over arrays in several threads: copies that move elements to another place in their rows
// or convert them, and the bias.
#pragma once
#include "problem/integers.h"

namespace convcore {

// A stack of matrices whose rows are runs of memory: where a matrix and a row begin, in elements.
struct Rows {
    void* data;
    index_t matrix_pitch, row_pitch;
};

// Extents of such a stack.
struct Extents {
    index_t matrices, rows, columns;
};

// Writes `count` elements of a run as those of another dtype.
using Convert = void (*)(const void* from, index_t count, void* to);

// What there is; the extents are those of `from`, of `real` and of `imaginary`.
struct Copies {
    // Writes each matrix transposed: elements of 1, 2, 4, 8 or 16 bytes.
    void (*transpose)(int threads, int itemsize, Extents extents, Rows from, Rows to);
    // Writes the even elements of each row of `pairs` to `real` and the odd ones to `imaginary`;
    // and the inverse of that. Elements of 4 or 8 bytes.
    void (*split)(int threads, int itemsize, Extents extents, Rows pairs, Rows real,
                  Rows imaginary);
    void (*join)(int threads, int itemsize, Extents extents, Rows real, Rows imaginary, Rows pairs);
    // Adds to each row of every matrix its element of `bias`: floats, or integers that wrap.
    void (*add_bias)(int threads, bool integers, int itemsize, Extents extents, Rows to,
                     const void* bias);
    // Writes each matrix in another dtype, or `transposed`: to elements of 2 or 4 bytes then.
    void (*convert)(int threads, Convert convert, Extents extents, int from_size, int to_size,
                    bool transposed, Rows from, Rows to);
};

const Copies& copies();

}  // namespace convcore
