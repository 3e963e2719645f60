// Correlations with few positions: those are the lanes, on a copy of the source with its padding;
// the weight is read once, where it lies. Nothing is packed.
#pragma once
#include "machine/thread_number.inl.h"
#include "problem/integers.h"
#include "simd/copy.inl.h"
#include "small/dots.inl.h"
#include "small/kernels.h"

namespace convcore::small {
namespace {

// Most registers hold sums: enough to hide the latency of FMA.
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

// What a register tile computes: `channels` source channels at a time, whose sums wait for the next
// ones in `product`, a vector behind the other and rows `product_pitch` apart.
template <class T>
struct Tile {
    const Correlation& problem;
    const Layout& layout;
    const Vector* lanes;
    const T* copy;
    const T* weight;
    index_t channels;
    T* product;
    index_t product_pitch;
    bool first, last;  // whether these are the first channels, and the last ones
    T* target;
};

// `rows` target channels at the positions of `count` vectors; returns whether all sums are finite,
// or that they are where only later ones tell.
template <class T, int rows, int count>
bool run_tile(const Tile<T>& tile) {
    const Layout& layout = tile.layout;
    const index_t row_pitch = tile.problem.weight_target_pitch;
    const T *copy = tile.copy, *weight = tile.weight;
    vec<T> sum[rows][count] = {};
    for (index_t c = 0; c < tile.channels; ++c) {
        for (index_t t = 0; t < layout.taps; ++t) {
            const T* from = copy + layout.tap[t].shift;
            const T* weights = weight + layout.tap[t].weight;
            vec<T> source[count];
#pragma GCC unroll 4
            for (int j = 0; j < count; ++j) source[j] = load(from + tile.lanes[j].start);
#pragma GCC unroll 8
            for (int i = 0; i < rows; ++i) {
                const vec<T> value = broadcast(weights[i * row_pitch]);
#pragma GCC unroll 4
                for (int j = 0; j < count; ++j) sum[i][j] += value * source[j];
            }
        }
        copy += layout.plane;
        weight += tile.problem.weight_source_pitch;
    }
    const index_t lanes = Simd<T>::lanes;
    if (!tile.first)
#pragma GCC unroll 8
        for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
            for (int j = 0; j < count; ++j)
                sum[i][j] += load(tile.product + i * tile.product_pitch + j * lanes);
    if (!tile.last) {
        store_sums(sum, tile.product, tile.product_pitch, false);
        return true;
    }
    const index_t pitch = tile.problem.axis[tile.problem.axes - 1].target_pitch;
    vec<T> zero{};
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < count; ++j) {
            zero += sum[i][j] - sum[i][j];
            put(layout, tile.lanes[j], sum[i][j], pitch,
                tile.target + i * tile.problem.target_channel_pitch);
        }
    }
    return all_zero<T>(zero);
}

template <class T>
using RunTile = bool (*)(const Tile<T>&);

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

// Target channels first .. last - 1 of a group; `product` is of this thread.
template <class T>
bool correlate_rows(const Correlation& problem, const Layout& layout, index_t first, index_t last,
                    const T* copy, const T* weight, T* target, T* product) {
    const index_t rows = last - first, row_parts = quotient(rows, ROWS);
    const index_t parts = quotient(layout.vectors, VECTORS);
    const index_t product_pitch = layout.vectors * Simd<T>::lanes;
    bool finite = true;
    for (index_t c = 0; c < problem.source_channels; c += layout.channels) {
        const index_t channels = smaller(layout.channels, problem.source_channels - c);
        for (index_t r = 0; r < row_parts; ++r) {
            const index_t row = share(rows, row_parts, r);
            const auto height = share(rows, row_parts, r + 1) - row;
            for (index_t part = 0; part < parts; ++part) {
                const index_t start = share(layout.vectors, parts, part);
                const index_t count = share(layout.vectors, parts, part + 1) - start;
                const Tile<T> tile{problem,
                                   layout,
                                   layout.vector + start,
                                   copy + c * layout.plane,
                                   weight + (first + row) * problem.weight_target_pitch +
                                       c * problem.weight_source_pitch,
                                   channels,
                                   product + row * product_pitch + start * Simd<T>::lanes,
                                   product_pitch,
                                   c == 0,
                                   c + channels == problem.source_channels,
                                   target + (first + row) * problem.target_channel_pitch};
                finite &= tile_for<T>(height, count)(tile);
            }
        }
    }
    return finite;
}

// The source channels first .. last - 1 of all groups, with their padding.
template <class T>
void copy_channels(const Correlation& problem, const Layout& layout, const T* source, index_t first,
                   index_t last, T* copies) {
    for (index_t c = first; c < last; ++c) {
        const index_t group = c / problem.source_channels, channel = c % problem.source_channels;
        T* const copy = copies + group * layout.elements;
        T* const to = copy + channel * layout.plane;
        const T* const from = source + c * problem.source_channel_pitch;
        clear_run(layout.plane, to);
        for (const Strip* strip = layout.strip; strip < layout.strip + layout.strips; ++strip)
            copy_spaced(from + strip->from, layout.step, strip->count, to + strip->to);
        if (channel + 1 == problem.source_channels)
            clear_run(copy + layout.elements - to - layout.plane, to + layout.plane);
    }
}

// What a group's target channels are computed from, in memory of its own.
template <class T>
void lay_out(const Correlation& problem, const Layout& layout, const T* source, index_t part,
             index_t parts, T* groups) {
    if (layout.dots == 0) {
        const index_t channels = problem.groups * problem.source_channels;
        return copy_channels(problem, layout, source, share(channels, parts, part),
                             share(channels, parts, part + 1), groups);
    }
    for (index_t g = part; g < problem.groups; g += parts)
        make_columns(problem, layout,
                     source + g * problem.source_channels * problem.source_channel_pitch,
                     groups + g * layout.elements);
}

// Returns false where a sum is not finite, which may be due to a padding that it met.
template <class T>
bool correlate(const Correlation& problem, const Layout& layout, const T* source, const T* weight,
               T* target, T* workspace, int threads) {
    const index_t parts = quotient(problem.target_channels, layout.rows);
    const index_t tasks = problem.groups * parts;
    T* const products = workspace + problem.groups * layout.elements;
    int finite = 1;
#pragma omp parallel num_threads(threads) if (threads > 1) reduction(& : finite)
    {
        T* product = products + layout.product * thread_number();
#pragma omp for
        for (int part = 0; part < threads; ++part)
            lay_out(problem, layout, source, part, threads, workspace);
#pragma omp for schedule(dynamic)
        for (index_t task = 0; task < tasks; ++task) {
            const index_t g = task / parts, part = task % parts;
            const index_t first = share(problem.target_channels, parts, part);
            const index_t last = share(problem.target_channels, parts, part + 1);
            const T* const from = workspace + g * layout.elements;
            const T* const weights = weight + g * problem.weight_group_pitch;
            T* const to = target + g * problem.target_channels * problem.target_channel_pitch;
            finite &= layout.dots ? correlate_dots(problem, layout, first, last, from, weights, to)
                                  : correlate_rows(problem, layout, first, last, from, weights, to,
                                                   product);
        }
    }
    return finite != 0;
}

}  // namespace
}  // namespace convcore::small
