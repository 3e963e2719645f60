// Row by row: tiles of some positions by some vectors of channels, whose sums stay in registers.
//
// At the edges of a row, where not all taps meet the source, a tile is one position with more
// vectors. What is left over of channels or positions is done again with those before it.
#pragma once
#include "depthwise_last/kernels.h"
#include "machine/parallel.inl.h"
#include "simd/vector.inl.h"

namespace convcore::depthwise_last {
namespace {

// Of a tile, and of one position: as many sums as hide the latency of their additions.
constexpr int POSITIONS = 4, VECTORS = 2, MOST_VECTORS = 4;
// Bytes of weights that a row's tiles read again and again, in the level 1 cache.
constexpr index_t PANEL_BYTES = 16 << 10;
// Products that one thread has made before another could have begun to help (Zen 3, 2026-12).
constexpr index_t FEW = 1 << 18;

struct Range {
    index_t start, stop;
};

// Taps by which a position reads inside the source.
inline Range meeting(const Axis& axis, index_t position) {
    const index_t origin = position * axis.step - axis.before;
    const index_t start = ceiling(-origin, axis.dilation);
    const index_t stop = floor_quotient(axis.source - 1 - origin, axis.dilation) + 1;
    return {start > 0 ? start : 0, smaller(stop, axis.taps)};
}

// Positions whose taps all read inside the source.
inline Range inside(const Axis& axis) {
    const index_t last = axis.source - 1 - (axis.taps - 1) * axis.dilation + axis.before;
    const index_t start =
        smaller(axis.before > 0 ? ceiling(axis.before, axis.step) : 0, axis.target);
    const index_t stop = last < 0 ? 0 : smaller(last / axis.step + 1, axis.target);
    return {start, stop > start ? stop : start};
}

// Where a tile reads and writes: from tap (0, 0) of its first position, which may lie outside.
template <class T>
struct Place {
    const T* source;
    index_t origin;
    const T* weight;
    T* target;
    Range rows, columns;  // of taps
};

template <class T, int positions, int vectors>
ALWAYS_INLINE inline void tile(const Problem& p, const Place<T>& place, index_t channel) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t step = p.columns.step * p.channels;
    const index_t across = p.columns.dilation * p.channels;
    const index_t down = p.rows.dilation * p.columns.source * p.channels;
    vec<T> sum[positions][vectors]{};
    for (index_t r = place.rows.start; r < place.rows.stop; ++r) {
        for (index_t s = place.columns.start; s < place.columns.stop; ++s) {
            const T* from = place.source + (place.origin + r * down + s * across + channel);
            const T* factors = place.weight + (r * p.columns.taps + s) * p.channels + channel;
            vec<T> factor[vectors];
            for (int j = 0; j < vectors; ++j) factor[j] = load(factors + j * lanes);
#pragma GCC unroll 4
            for (int i = 0; i < positions; ++i)
#pragma GCC unroll 4
                for (int j = 0; j < vectors; ++j)
                    sum[i][j] += factor[j] * load(from + i * step + j * lanes);
        }
    }
    store_sums<T, positions, vectors>(sum, place.target + channel, p.channels, false);
}

// Some channels of some positions.
template <class T, int positions, int vectors>
inline void tiles(const Problem& p, const Place<T>& place, Range channels) {
    constexpr index_t width = vectors * Simd<T>::lanes;
    for (index_t channel = channels.start; channel < channels.stop; channel += width)
        tile<T, positions, vectors>(p, place, smaller(channel, channels.stop - width));
}

template <class T, int positions, int vectors>
inline void widest_tiles(const Problem& p, const Place<T>& place, Range channels) {
    if (channels.stop >= vectors * Simd<T>::lanes) {
        tiles<T, positions, vectors>(p, place, channels);
    } else {
        tiles<T, positions, 1>(p, place, channels);
    }
}

// Channels that are worked on together.
template <class T>
index_t panel_of(const Problem& p) {
    constexpr index_t width = MOST_VECTORS * Simd<T>::lanes;
    const index_t weights = p.rows.taps * p.columns.taps * index_t(sizeof(T));
    const index_t panel = PANEL_BYTES / weights / width * width;
    return panel > width ? panel : width;
}

template <class T>
void correlate_row(const Problem& p, const T* source, const T* weight, T* target, index_t row,
                   Range channels) {
    const Range rows = meeting(p.rows, row), all = inside(p.columns);
    const index_t top = (row * p.rows.step - p.rows.before) * p.columns.source;
    const auto place = [&](index_t column, Range taps) {
        const index_t left = column * p.columns.step - p.columns.before;
        return Place<T>{
            source, (top + left) * p.channels, weight, target + column * p.channels, rows, taps};
    };
    const auto alone = [&](index_t start, index_t stop) {
        for (index_t j = start; j < stop; ++j)
            widest_tiles<T, 1, MOST_VECTORS>(p, place(j, meeting(p.columns, j)), channels);
    };
    const bool enough = all.stop - all.start >= POSITIONS;
    const index_t start = enough ? all.start : 0, stop = enough ? all.stop : 0;
    alone(0, start);
    for (index_t j = start; j < stop; j += POSITIONS) {
        const index_t at = smaller(j, stop - POSITIONS);
        widest_tiles<T, POSITIONS, VECTORS>(p, place(at, {0, p.columns.taps}), channels);
    }
    alone(stop, p.columns.target);
}

template <class T>
void correlate(const Problem& p, const T* source, const T* weight, T* target, int threads) {
    const index_t image = p.rows.source * p.columns.source * p.channels;
    const index_t row = p.columns.target * p.channels, count = p.batch * p.rows.target;
    threads = count * row * p.rows.taps * p.columns.taps <= FEW ? 1 : threads;
    const index_t panel = panel_of<T>(p);
    parallel_for(threads, count, few_of(count, threads), [&](index_t i, int) {
        const T* from = source + i / p.rows.target * image;
        for (index_t channel = 0; channel < p.channels; channel += panel)
            correlate_row(p, from, weight, target + i * row, i % p.rows.target,
                          {channel, smaller(channel + panel, p.channels)});
    });
}

}  // namespace
}  // namespace convcore::depthwise_last
