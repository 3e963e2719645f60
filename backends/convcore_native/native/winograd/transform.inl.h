// Transforms of one axis, from the matrices of F(tile, taps), on vectors whose lanes are channels.
//
// Points come in pairs +-p, whose rows of BT and G differ in the sign of their odd columns only:
// their sums over even and odd columns are formed once. Before the pairs stands the point 0 if the
// number of frequencies is even, behind them infinity.
#pragma once
#include "simd/vector.inl.h"
#include "winograd/kernels.h"
#include "winograd/matrices.inl.h"

namespace convcore::winograd {
namespace {

// What a transform multiplies with: an entry of BT, G, or of the transposes of AT and G.
template <int tile_, int taps_>
struct SourceStage {
    typedef Minimal<tile_, taps_> M;
    static constexpr int rows = tile_ + taps_ - 1, columns = rows;
    static constexpr double at(int i, int j) { return M::BT[i][j]; }
};
template <int tile_, int taps_>
struct WeightStage {
    typedef Minimal<tile_, taps_> M;
    static constexpr int rows = tile_ + taps_ - 1, columns = taps_;
    static constexpr double at(int i, int j) { return M::G[i][j]; }
};
template <int tile_, int taps_>
struct TargetAdjointStage {
    typedef Minimal<tile_, taps_> M;
    static constexpr int rows = tile_ + taps_ - 1, columns = tile_;
    static constexpr double at(int i, int j) { return M::AT[j][i]; }
};
template <int tile_, int taps_>
struct TargetStage {
    typedef Minimal<tile_, taps_> M;
    static constexpr int rows = tile_, columns = tile_ + taps_ - 1;
    static constexpr double at(int i, int j) { return M::AT[i][j]; }
};
template <int tile_, int taps_>
struct WeightAdjointStage {
    typedef Minimal<tile_, taps_> M;
    static constexpr int rows = taps_, columns = tile_ + taps_ - 1;
    static constexpr double at(int i, int j) { return M::G[j][i]; }
};

// Last nonzero entry among the columns of one parity; 0 if there is none.
template <class Stage>
constexpr double leading(int row, int parity) {
    for (int j = Stage::columns - 1; j >= 0; --j)
        if (j % 2 == parity && Stage::at(row, j) != 0) return Stage::at(row, j);
    return 0;
}

template <class T>
inline vec<T> scaled(double factor, vec<T> value) {
    return factor == 1 ? value : broadcast(T(factor)) * value;
}

template <class T>
inline vec<T> plus_scaled(vec<T> sum, double factor, vec<T> value) {
    if (factor == 1) return sum + value;
    if (factor == -1) return sum - value;
    return sum + broadcast(T(factor)) * value;
}

// Sum over the columns of one parity of entry / divisor * value.
template <class T, class Stage, int row, int parity>
inline vec<T> parity_sum(const vec<T>* value, double divisor) {
    vec<T> sum{};
    bool begun = false;
#pragma GCC unroll 10
    for (int j = Stage::columns - 1; j >= 0; --j) {
        if (j % 2 != parity || Stage::at(row, j) == 0) continue;
        const double factor = Stage::at(row, j) / divisor;
        sum = begun ? plus_scaled<T>(sum, factor, value[j]) : scaled<T>(factor, value[j]);
        begun = true;
    }
    return sum;
}

// Rows or columns before the pairs.
constexpr int before_pairs(int frequencies) { return 1 - frequencies % 2; }

// Stages with as many rows as frequencies.
template <class T, class Stage, int row = 0>
inline void apply_rows(const vec<T>* from, vec<T>* to) {
    constexpr int n = Stage::rows;
    if constexpr (row == n - 1 || row < before_pairs(n)) {
        constexpr int parity = leading<Stage>(row, 0) != 0 ? 0 : 1;
        to[row] = parity_sum<T, Stage, row, parity>(from, 1);
        if constexpr (row < n - 1) apply_rows<T, Stage, row + 1>(from, to);
    } else {
        constexpr double factor = leading<Stage>(row, 1);
        const vec<T> even = parity_sum<T, Stage, row, 0>(from, 1);
        const vec<T> odd = parity_sum<T, Stage, row, 1>(from, factor);
        to[row] = plus_scaled<T>(even, factor, odd);
        to[row + 1] = plus_scaled<T>(even, -factor, odd);
        apply_rows<T, Stage, row + 2>(from, to);
    }
}

// Stages with as many columns as frequencies.
template <class T, class Stage>
inline void apply_columns(const vec<T>* from, vec<T>* to) {
    constexpr int n = Stage::columns, pairs = (n - 1) / 2, first = before_pairs(n);
    vec<T> part[2][pairs];
#pragma GCC unroll 10
    for (int p = 0; p < pairs; ++p) {
        part[0][p] = from[first + 2 * p] + from[first + 2 * p + 1];
        part[1][p] = from[first + 2 * p] - from[first + 2 * p + 1];
    }
#pragma GCC unroll 10
    for (int i = 0; i < Stage::rows; ++i) {
        vec<T> sum = scaled<T>(Stage::at(i, first), part[i % 2][0]);
#pragma GCC unroll 10
        for (int p = 1; p < pairs; ++p)
            sum = plus_scaled<T>(sum, Stage::at(i, first + 2 * p), part[i % 2][p]);
        if (first == 1 && Stage::at(i, 0) != 0) sum = plus_scaled<T>(sum, Stage::at(i, 0), from[0]);
        if (Stage::at(i, n - 1) != 0) sum = plus_scaled<T>(sum, Stage::at(i, n - 1), from[n - 1]);
        to[i] = sum;
    }
}

// Where the elements of many lines stand: `pitch` between those of a line, `step` between lines.
template <class T>
struct Lines {
    T* start;
    index_t pitch, step;
};

// Transforms `count` lines; in place is allowed where both pitches and steps agree.
template <class T, class Stage>
void transform_lines(const Lines<const T>& from, const Lines<T>& to, index_t count) {
    constexpr int rows = Stage::rows, columns = Stage::columns;
    const index_t from_pitch = from.pitch, to_pitch = to.pitch;
    const T* source = from.start;
    T* target = to.start;
    for (index_t line = 0; line < count; ++line) {
        vec<T> in[columns], out[rows];
#pragma GCC unroll 10
        for (int j = 0; j < columns; ++j) in[j] = load(source + j * from_pitch);
        if constexpr (rows < columns) {
            apply_columns<T, Stage>(in, out);
        } else {
            apply_rows<T, Stage>(in, out);
        }
#pragma GCC unroll 10
        for (int i = 0; i < rows; ++i) store(target + i * to_pitch, out[i]);
        source += from.step;
        target += to.step;
    }
}

template <class T>
void copy_lines(const Lines<const T>& from, const Lines<T>& to, index_t count) {
    for (index_t line = 0; line < count; ++line)
        store(to.start + line * to.step, load(from.start + line * from.step));
}

template <class T>
using Transform = void (*)(const Lines<const T>&, const Lines<T>&, index_t);

template <class T, template <int, int> class Stage>
inline Transform<T> transform_for(const Axis& axis) {
    switch (10 * axis.tile + axis.taps) {
        case 23:
            return transform_lines<T, Stage<2, 3>>;
        case 43:
            return transform_lines<T, Stage<4, 3>>;
        case 53:
            return transform_lines<T, Stage<5, 3>>;
        case 25:
            return transform_lines<T, Stage<2, 5>>;
        case 45:
            return transform_lines<T, Stage<4, 5>>;
        case 27:
            return transform_lines<T, Stage<2, 7>>;
        case 47:
            return transform_lines<T, Stage<4, 7>>;
        default:
            return copy_lines<T>;
    }
}

// Transforms the axes of a block [axis 0][axis 1][columns] of vectors in place, except the last:
// `in` elements of axis 0, `out` of axis 1 afterwards, with room for the frequencies on each.
template <class T, template <int, int> class Stage>
void transform_outer(const Problem& problem, index_t in, index_t out, index_t row_pitch,
                     index_t columns, T* block) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t room = problem.axis[1].frequencies;
    if (problem.axis[1].taps > 1) {
        const auto run = transform_for<T, Stage>(problem.axis[1]);
        for (index_t i = 0; i < in; ++i) {
            T* at = block + i * room * row_pitch;
            run({at, row_pitch, lanes}, {at, row_pitch, lanes}, columns);
        }
    }
    if (problem.axis[0].taps > 1) {
        const auto run = transform_for<T, Stage>(problem.axis[0]);
        for (index_t i = 0; i < out; ++i) {
            T* at = block + i * row_pitch;
            run({at, room * row_pitch, lanes}, {at, room * row_pitch, lanes}, columns);
        }
    }
}

}  // namespace
}  // namespace convcore::winograd
