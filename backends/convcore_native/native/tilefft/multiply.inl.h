// Products of spectra, element by element.
#pragma once
#include "machine/parallel.inl.h"
#include "problem/integers.h"
#include "tilefft/fft.inl.h"

namespace convcore::tilefft {
namespace {

// rows x columns results over `length` elements, summed over `depth` products.
template <class T, int rows, int columns>
void multiply_spectra(const Product& product, index_t length, index_t depth, bool accumulate,
                      const T* a, const T* b, T* result) {
    for (index_t f = 0; f < length; f += 2 * Simd<T>::lanes) {
        Complex<T> sum[rows][columns] = {};
        for (index_t d = 0; d < depth; ++d) {
            Complex<T> left[rows];
#pragma GCC unroll 4
            for (int i = 0; i < rows; ++i)
                left[i] = read(a + f + i * product.a_row + d * product.a_depth);
#pragma GCC unroll 4
            for (int j = 0; j < columns; ++j) {
                const Complex<T> right = read(b + f + j * product.b_column + d * product.b_depth);
#pragma GCC unroll 4
                for (int i = 0; i < rows; ++i) {
                    sum[i][j].re += left[i].re * right.re;
                    sum[i][j].im += left[i].im * right.re;
                    sum[i][j].re += left[i].im * right.im;
                    sum[i][j].im -= left[i].re * right.im;
                }
            }
        }
#pragma GCC unroll 4
        for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
            for (int j = 0; j < columns; ++j) {
                T* to = result + f + i * product.result_row + j * product.result_column;
                write(to, accumulate ? read(to) + sum[i][j] : sum[i][j]);
            }
        }
    }
}

// Elements of each spectrum that a task takes, and products that it sums in registers: few enough
// streams of memory for the processor to follow, and partial sums where a sum is long.
constexpr index_t PRODUCT_LENGTH = 1024, PRODUCT_DEPTH = 8;

template <class T>
using MultiplySpectra = void (*)(const Product&, index_t, index_t, bool, const T*, const T*, T*);

template <class T>
inline MultiplySpectra<T> product_for(bool two_rows, bool two_columns) {
    if (two_rows) return two_columns ? multiply_spectra<T, 2, 2> : multiply_spectra<T, 2, 1>;
    return two_columns ? multiply_spectra<T, 1, 2> : multiply_spectra<T, 1, 1>;
}

template <class T>
void multiply_block(const Product& product, index_t length, const T* a, const T* b, T* result) {
    for (index_t first = 0; first < product.depth; first += PRODUCT_DEPTH) {
        const index_t depth = smaller(PRODUCT_DEPTH, product.depth - first);
        const bool accumulate = product.accumulate || first > 0;
        for (index_t j = 0; j < product.columns; j += 2) {
            for (index_t i = 0; i < product.rows; i += 2) {
                product_for<T>(i + 1 < product.rows, j + 1 < product.columns)(
                    product, length, depth, accumulate,
                    a + i * product.a_row + first * product.a_depth,
                    b + j * product.b_column + first * product.b_depth,
                    result + i * product.result_row + j * product.result_column);
            }
        }
    }
}

template <class T>
void multiply_tiles(const Product& product, const T* a, const T* b, T* result, int threads) {
    const index_t parts = quotient(product.length, PRODUCT_LENGTH), tasks = product.groups * parts;
    parallel_for(threads, tasks, 1, [&](index_t i, int) {
        const index_t group = i / parts, first = i % parts * PRODUCT_LENGTH;
        multiply_block(product, smaller(PRODUCT_LENGTH, product.length - first),
                       a + group * product.a_group + first, b + group * product.b_group + first,
                       result + group * product.result_group + first);
    });
}

// The part of a product that gives `rows` x `columns` results from the places of a and b on.
template <class T>
void multiply_part(const Product& product, index_t rows, index_t columns, const T* a, const T* b,
                   T* result) {
    Product part = product;
    part.rows = rows;
    part.columns = columns;
    part.accumulate = false;
    for (index_t first = 0; first < product.length; first += PRODUCT_LENGTH)
        multiply_block(part, smaller(PRODUCT_LENGTH, product.length - first), a + first, b + first,
                       result + first);
}

}  // namespace
}  // namespace convcore::tilefft
