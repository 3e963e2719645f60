// The register tile: rows x (COLUMNS vectors) += sum over depth of a[depth][rows] b[depth][columns].
//
// `a` is broadcast, `b` is loaded as vectors; both are packed, so that every address is the last one
// plus a constant. The sum of one call is kept apart from what stands in `c` until its end, so
// that long sums are made of partial ones, as in any blocked BLAS.

namespace {

template <class T>
constexpr int panel_columns = VECTOR_COLUMNS * Simd<T>::lanes;

template <class T, int rows, bool accumulate>
void multiply_rows(index_t depth, const T* __restrict a, const T* __restrict b, T* c,
                   index_t c_pitch) {
    constexpr int lanes = Simd<T>::lanes;
    vec<T> sum[rows][VECTOR_COLUMNS] = {};
    for (index_t k = 0; k < depth; ++k) {
        vec<T> column[VECTOR_COLUMNS];
#pragma GCC unroll 4
        for (int j = 0; j < VECTOR_COLUMNS; ++j) column[j] = load(b + j * lanes);
#pragma GCC unroll 16
        for (int i = 0; i < rows; ++i) {
            const vec<T> row = broadcast(a[i]);
#pragma GCC unroll 4
            for (int j = 0; j < VECTOR_COLUMNS; ++j) sum[i][j] += row * column[j];
        }
        a += rows;
        b += panel_columns<T>;
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < VECTOR_COLUMNS; ++j) {
            T* place = c + i * c_pitch + j * lanes;
            store(place, accumulate ? load(place) + sum[i][j] : sum[i][j]);
        }
    }
}

template <class T>
using Multiply = void (*)(index_t, const T*, const T*, T*, index_t);

template <class T, bool accumulate, int rows = PANEL_ROWS>
inline Multiply<T> multiply_for(int wanted) {
    if constexpr (rows == 1) {
        return multiply_rows<T, 1, accumulate>;
    } else {
        return wanted == rows ? multiply_rows<T, rows, accumulate>
                              : multiply_for<T, accumulate, rows - 1>(wanted);
    }
}

}  // namespace
