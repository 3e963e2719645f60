// Small correlations: positions as lanes, on a copy of the source with its padding; the
// weight is broadcast from where it lies. Nothing is packed.
#pragma once
#include "machine/parallel.inl.h"
#include "problem/integers.h"
#include "simd/copy.inl.h"
#include "small/kernels.h"

namespace convcore::small {
namespace {

// 12 of 16 registers hold sums: enough to hide the latency of FMA.
constexpr int ROWS = TILES.small.rows, VECTORS = TILES.small.vectors;

// The lanes that belong to the target.
template <class T>
inline void put(const Layout& layout, const Vector& lanes, vec<T> sum, index_t pitch, T* target) {
    const Run* run = layout.run + lanes.first_run;
    if (run->count == Simd<T>::lanes && pitch == 1) return store(target + run->target, sum);
    T value[Simd<T>::lanes];
    store(value, sum);
    for (const Run* end = run + lanes.runs; run < end; ++run)
        for (int i = 0; i < run->count; ++i) target[run->target + i * pitch] = value[run->lane + i];
}

// `rows` target channels at the positions of `count` vectors.
template <class T, int rows, int count>
void run_tile(const Correlation& problem, const Layout& layout, const Vector* lanes, const T* copy,
              const T* weight, T* target) {
    const index_t row_pitch = problem.weight_target_pitch;
    vec<T> sum[rows][count] = {};
    for (index_t c = 0; c < problem.source_channels; ++c) {
        for (index_t t = 0; t < layout.taps; ++t) {
            const T* from = copy + layout.tap[t].shift;
            const T* weights = weight + layout.tap[t].weight;
            vec<T> source[count];
#pragma GCC unroll 4
            for (int j = 0; j < count; ++j) source[j] = load(from + lanes[j].start);
#pragma GCC unroll 4
            for (int i = 0; i < rows; ++i) {
                const vec<T> value = broadcast(weights[i * row_pitch]);
#pragma GCC unroll 4
                for (int j = 0; j < count; ++j) sum[i][j] += value * source[j];
            }
        }
        copy += layout.plane;
        weight += problem.weight_source_pitch;
    }
    const index_t pitch = problem.axis[problem.axes - 1].target_pitch;
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < count; ++j)
            put(layout, lanes[j], sum[i][j], pitch, target + i * problem.target_channel_pitch);
}

template <class T>
using RunTile = void (*)(const Correlation&, const Layout&, const Vector*, const T*, const T*, T*);

template <class T, int rows = ROWS, int count = VECTORS>
inline RunTile<T> tile_for(index_t wanted_rows, index_t wanted_count) {
    if constexpr (rows > 1) {
        if (wanted_rows != rows) return tile_for<T, rows - 1, count>(wanted_rows, wanted_count);
    }
    if constexpr (count > 1) {
        if (wanted_count != count) return tile_for<T, rows, count - 1>(wanted_rows, wanted_count);
    }
    return run_tile<T, rows, count>;
}

template <class T>
void correlate_group(const Correlation& problem, const Layout& layout, const T* copy,
                     const T* weight, T* target) {
    const index_t rows = problem.target_channels, row_parts = quotient(rows, ROWS);
    const index_t parts = quotient(layout.vectors, VECTORS);
    for (index_t part = 0; part < parts; ++part) {
        const index_t first = share(layout.vectors, parts, part);
        const index_t count = share(layout.vectors, parts, part + 1) - first;
        for (index_t r = 0; r < row_parts; ++r) {
            const index_t row = share(rows, row_parts, r);
            tile_for<T>(share(rows, row_parts, r + 1) - row, count)(
                problem, layout, layout.vector + first, copy,
                weight + row * problem.weight_target_pitch,
                target + row * problem.target_channel_pitch);
        }
    }
}

template <class T>
void correlate_part(const Correlation& problem, const Layout& layout, const T* source,
                    const T* weight, T* target, T* copy) {
    for (index_t i = 0; i < layout.elements; i += Simd<T>::lanes) store(copy + i, vec<T>{});
    for (index_t g = 0; g < problem.groups; ++g) {
        for (index_t c = 0; c < problem.source_channels; ++c) {
            for (const Strip* strip = layout.strip; strip < layout.strip + layout.strips; ++strip)
                copy_spaced(source + strip->from, layout.step, strip->count,
                            copy + c * layout.plane + strip->to);
            source += problem.source_channel_pitch;
        }
        correlate_group(problem, layout, copy, weight, target);
        weight += problem.weight_group_pitch;
        target += problem.target_channels * problem.target_channel_pitch;
    }
}

// Returns false, with the target untouched, where a weight that is not finite would meet padding.
template <class T>
bool correlate(const Correlation& problem, const Layout& layout, index_t parts, const T* source,
               const T* weight, T* target, T* workspace, int threads) {
    if (layout.padded && !all_finite(weight, problem.groups * problem.weight_group_pitch))
        return false;
    const Axis& batch = problem.axis[0];
    parallel_for(threads, parts, few_of(parts, threads), [&](index_t i, int thread) {
        correlate_part(problem, layout, source + i * batch.count * batch.source_pitch, weight,
                       target + i * batch.count * batch.target_pitch,
                       workspace + thread * layout.elements);
    });
    return true;
}

}  // namespace
}  // namespace convcore::small
