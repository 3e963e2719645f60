// weight[r, s, c] = sum over n, i, j of target[n, i, j, c] * source[n, i', j', c].
//
// A task is a block of channels, for all taps: nobody else adds to its sums. Some neighbouring taps
// of a row read a run of positions together, and each alone what the others do not read.
#pragma once
#include "depthwise_last/correlate.inl.h"

namespace convcore::depthwise_last {
namespace {

// Taps whose sums stay in registers, and taps whose sums a task keeps.
constexpr index_t TOGETHER = 3, MOST_TAPS = 128;

// Positions that read inside the source by a tap.
inline Range reading(const Axis& axis, index_t tap) {
    const index_t origin = tap * axis.dilation - axis.before;
    const index_t start = ceiling(-origin, axis.step);
    const index_t stop = floor_quotient(axis.source - 1 - origin, axis.step) + 1;
    return {start > 0 ? start : 0, smaller(stop, axis.target)};
}

// Where position 0 of a row reads by tap 0, which may lie outside, and where its sums are.
template <class T>
struct Row {
    const T *target, *source;
    index_t origin;
    T* sums;
};

template <class T, int taps, int vectors>
ALWAYS_INLINE inline void add_run(const Problem& p, const Row<T>& row, index_t tap, Range run) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t step = p.columns.step * p.channels, across = p.columns.dilation * p.channels;
    vec<T> sum[taps][vectors]{};
    for (index_t j = run.start; j < run.stop; ++j) {
        const T* from = row.source + (row.origin + tap * across + j * step);
        for (int v = 0; v < vectors; ++v) {
            const vec<T> factor = load(row.target + j * p.channels + v * lanes);
#pragma GCC unroll 4
            for (int t = 0; t < taps; ++t)
                sum[t][v] += factor * load(from + t * across + v * lanes);
        }
    }
    for (int t = 0; t < taps; ++t) {
        for (int v = 0; v < vectors; ++v) {
            T* place = row.sums + ((tap + t) * vectors + v) * lanes;
            store(place, load(place) + sum[t][v]);
        }
    }
}

template <class T, int vectors>
void add_row(const Problem& p, const Row<T>& row) {
    for (index_t tap = 0; tap < p.columns.taps; tap += TOGETHER) {
        const index_t last = smaller(tap + TOGETHER, p.columns.taps) - 1;
        Range all{reading(p.columns, tap).start, reading(p.columns, last).stop};
        if (last - tap + 1 < TOGETHER || all.stop <= all.start) all = {p.columns.target, 0};
        if (all.start < all.stop) add_run<T, TOGETHER, vectors>(p, row, tap, all);
        for (index_t t = tap; t <= last; ++t) {
            const Range own = reading(p.columns, t);
            add_run<T, 1, vectors>(p, row, t, {own.start, smaller(own.stop, all.start)});
            const index_t rest = own.start > all.stop ? own.start : all.stop;
            if (all.start < all.stop) add_run<T, 1, vectors>(p, row, t, {rest, own.stop});
        }
    }
}

template <class T, int vectors>
void gradient_of_block(const Problem& p, const T* target, const T* source, T* weight,
                       index_t channel) {
    constexpr index_t width = vectors * Simd<T>::lanes;
    const index_t at = smaller(channel, p.channels - width), taps = p.rows.taps * p.columns.taps;
    const index_t pitch = p.columns.source * p.channels;
    alignas(64) T sums[MOST_TAPS * width];
    for (index_t i = 0; i < taps * width; ++i) sums[i] = T(0);
    for (index_t i = 0; i < p.batch * p.rows.target; ++i) {
        const index_t image = i / p.rows.target, row = i % p.rows.target;
        const Range rows = meeting(p.rows, row);
        for (index_t r = rows.start; r < rows.stop; ++r) {
            const index_t read = row * p.rows.step + r * p.rows.dilation - p.rows.before;
            const index_t origin = (image * p.rows.source + read) * pitch;
            add_row<T, vectors>(
                p, {target + i * p.columns.target * p.channels + at, source + at,
                    origin - p.columns.before * p.channels, sums + r * p.columns.taps * width});
        }
    }
    for (index_t t = 0; t < taps; ++t)
        for (index_t c = channel - at; c < width; ++c)
            weight[t * p.channels + at + c] = sums[t * width + c];
}

template <class T>
void weight_gradient(const Problem& p, const T* target, const T* source, T* weight, int threads) {
    constexpr index_t lanes = Simd<T>::lanes;
    const bool wide = p.channels >= 2 * lanes;
    const index_t width = wide ? 2 * lanes : lanes, count = quotient(p.channels, width);
    const index_t products = p.batch * p.rows.target * p.columns.target * p.channels;
    threads = products * p.rows.taps * p.columns.taps <= FEW ? 1 : threads;
    parallel_for(threads, count, 1, [&](index_t i, int) {
        if (wide) {
            gradient_of_block<T, 2>(p, target, source, weight, i * width);
        } else {
            gradient_of_block<T, 1>(p, target, source, weight, i * width);
        }
    });
}

}  // namespace
}  // namespace convcore::depthwise_last
