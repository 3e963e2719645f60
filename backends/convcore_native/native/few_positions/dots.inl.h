// Correlations with fewer positions than a vector has lanes: the terms are the lanes, of the
// weight where it lies and of columns that are made of the source.
#pragma once
#include "few_positions/kernels.h"
#include "problem/integers.h"
#include "simd/copy.inl.h"

namespace convcore::few_positions {
namespace {

constexpr int DOT_ROWS = 4, DOT_COLUMNS = TILES.registers > 16 ? 4 : 2;

// A column holds its terms in the order of the weight, but whole vectors of them; behind them
// stands the last vector of all, with zeros for the terms that were there before.
template <class T>
void make_column(const Correlation& problem, const Layout& layout, const index_t* reads,
                 const T* source, T* column) {
    const index_t lanes = Simd<T>::lanes, depth = problem.source_channels * layout.taps;
    const index_t whole = depth / lanes * lanes, rest = depth - whole;
    for (index_t t = 0; t < layout.taps; ++t) {
        T* const to = column + t;
        const index_t pitch = problem.source_channel_pitch;
        if (reads[t] < 0) {
            for (index_t c = 0; c < problem.source_channels; ++c) to[c * layout.taps] = T(0);
        } else if (layout.taps == 1) {
            copy_spaced(source + reads[t], pitch, problem.source_channels, to);
        } else {
            for (index_t c = 0; c < problem.source_channels; ++c)
                to[c * layout.taps] = source[reads[t] + c * pitch];
        }
    }
    for (index_t i = rest; i-- > 0;) column[whole + lanes - rest + i] = column[whole + i];
    clear_run(lanes - rest, column + whole);
}

// Those of the positions first .. last - 1.
template <class T>
void make_columns(const Correlation& problem, const Layout& layout, const T* source, index_t first,
                  index_t last, T* columns) {
    for (index_t p = first; p < last; ++p)
        make_column(problem, layout, layout.reads + p * layout.taps, source,
                    columns + p * layout.column);
}

// The sum of all lanes, in pairs that are half a vector apart.
template <class T, int distance = Simd<T>::lanes / 2, int... lane>
ALWAYS_INLINE inline T total(vec<T> value, Lanes<lane...> all) {
    value += __builtin_shufflevector(value, value, (lane ^ distance)...);
    if constexpr (distance > 1) return total<T, distance / 2>(value, all);
    return value[0];
}

// `rows` target channels at `count` positions; returns whether all results are finite.
template <class T, int rows, int count>
bool dot_tile(const Layout& layout, const index_t* place, const T* columns, const T* weight,
              index_t depth, index_t row_pitch, T* target, index_t target_pitch) {
    constexpr int lanes = Simd<T>::lanes;
    vec<T> sum[rows][count] = {};
    const auto add = [&](const T* column, const T* factors) ALWAYS_INLINE {
        vec<T> value[count];
#pragma GCC unroll 4
        for (int j = 0; j < count; ++j) value[j] = load(column + j * layout.column);
#pragma GCC unroll 4
        for (int i = 0; i < rows; ++i) {
            const vec<T> factor = load(factors + i * row_pitch);
#pragma GCC unroll 4
            for (int j = 0; j < count; ++j) sum[i][j] += product<T>(value[j], factor);
        }
    };
    index_t d = 0;
    for (; d + lanes <= depth; d += lanes) add(columns + d, weight + d);
    if (d < depth) add(columns + d, weight + depth - lanes);
    const typename Count<lanes>::type all;
    T zero = 0;
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < count; ++j) {
            const T value = total<T>(sum[i][j], all);
            zero += value - value;
            target[i * target_pitch + place[j]] = value;
        }
    }
    return zero == T(0);
}

template <class T>
using DotTile = bool (*)(const Layout&, const index_t*, const T*, const T*, index_t, index_t, T*,
                         index_t);

template <class T, int rows = DOT_ROWS, int count = DOT_COLUMNS>
inline DotTile<T> dot_tile_for(index_t wanted_rows, index_t wanted_count) {
    if constexpr (rows > 1) {
        if (wanted_rows < rows) return dot_tile_for<T, rows - 1, count>(wanted_rows, wanted_count);
    }
    if constexpr (count > 1) {
        if (wanted_count < count)
            return dot_tile_for<T, rows, count - 1>(wanted_rows, wanted_count);
    }
    return dot_tile<T, rows, count>;
}

// Target channels first .. last - 1 of a group.
template <class T>
bool correlate_dots(const Correlation& problem, const Layout& layout, index_t first, index_t last,
                    const T* columns, const T* weight, T* target) {
    const index_t depth = problem.source_channels * layout.taps;
    const index_t pitch = problem.weight_target_pitch;
    bool finite = true;
    for (index_t k = first; k < last; k += DOT_ROWS) {
        const index_t rows = smaller(DOT_ROWS, last - k);
        for (index_t p = 0; p < layout.dots; p += DOT_COLUMNS)
            finite &= dot_tile_for<T>(rows, layout.dots - p)(
                layout, layout.place + p, columns + p * layout.column, weight + k * pitch, depth,
                pitch, target + k * problem.target_channel_pitch, problem.target_channel_pitch);
    }
    return finite;
}

}  // namespace
}  // namespace convcore::few_positions
