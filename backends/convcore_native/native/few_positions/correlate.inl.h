// Correlations with few positions: those are the lanes, on a copy of the source with its padding;
// the weight is read once, where it lies. Nothing is packed.
#pragma once
#include "few_positions/dots.inl.h"
#include "few_positions/kernels.h"
#include "machine/parallel.inl.h"
#include "problem/integers.h"
#include "simd/copy.inl.h"

namespace convcore::few_positions {
namespace {

// Most registers hold sums: enough to hide the latency of FMA, with a single target channel too.
constexpr int ROWS = TILES.few_positions.rows;
constexpr int vectors_for(index_t rows) { return rows == 1 ? 8 : TILES.few_positions.vectors; }

template <class T, int... lane>
ALWAYS_INLINE inline vec<T> counted(Lanes<lane...>) {
    return vec<T>{T(lane)...};
}

// Ones in the first `count` lanes, and zeros.
template <class T>
inline vec<T> first_lanes(index_t count) {
    const vec<T> number = counted<T>(typename Count<Simd<T>::lanes>::type{});
    return number < broadcast(T(count)) ? broadcast(T(1)) : vec<T>{};
}

// What a register tile computes, for some source channels; the sums of a target channel stand in
// `product`, a vector behind the other.
template <class T>
struct Tile {
    const Correlation& problem;
    const Layout& layout;
    const index_t* vector;
    const T* copy;
    const T* weight;
    index_t channels;
    T* product;
    bool accumulate;

    index_t pitch() const { return layout.vectors * Simd<T>::lanes; }
};

// `rows` target channels at the positions of `count` vectors.
template <class T, int rows, int count>
void run_tile(const Tile<T>& tile) {
    const Layout& layout = tile.layout;
    const index_t row_pitch = tile.problem.weight_target_pitch;
    const index_t channel_pitch = tile.problem.weight_source_pitch, plane = layout.plane;
    index_t place[count];
#pragma GCC unroll 8
    for (int j = 0; j < count; ++j) place[j] = tile.vector[j];
    vec<T> sum[rows][count] = {};
    const auto add = [&](const T* from, const T* weights) ALWAYS_INLINE {
        vec<T> source[count];
#pragma GCC unroll 8
        for (int j = 0; j < count; ++j) source[j] = load(from + place[j]);
#pragma GCC unroll 8
        for (int i = 0; i < rows; ++i) {
            const vec<T> value = broadcast(weights[i * row_pitch]);
#pragma GCC unroll 8
            for (int j = 0; j < count; ++j) sum[i][j] += product<T>(source[j], value);
        }
    };
    const auto add_channels = [&](const Tap& tap) ALWAYS_INLINE {
        const T *from = tile.copy + tap.shift, *weights = tile.weight + tap.weight;
        for (index_t c = 0; c < tile.channels; ++c, from += plane, weights += channel_pitch)
            add(from, weights);
    };
    const auto add_taps = [&](index_t c) ALWAYS_INLINE {
        const T *copy = tile.copy + c * plane, *weight = tile.weight + c * channel_pitch;
        for (const Tap* tap = layout.tap; tap < layout.tap + layout.taps; ++tap)
            add(copy + tap->shift, weight + tap->weight);
    };
    if (tile.channels >= layout.taps) {
        for (index_t t = 0; t < layout.taps; ++t) add_channels(layout.tap[t]);
    } else {
        for (index_t c = 0; c < tile.channels; ++c) add_taps(c);
    }
    store_sums(sum, tile.product, tile.pitch(), tile.accumulate);
}

template <class T>
using RunTile = void (*)(const Tile<T>&);

template <class T, int rows, int count = vectors_for(rows)>
inline RunTile<T> tile_of(index_t wanted_count) {
    if constexpr (count > 1) {
        if (wanted_count < count) return tile_of<T, rows, count - 1>(wanted_count);
    }
    return run_tile<T, rows, count>;
}

template <class T, int rows = ROWS>
inline RunTile<T> tile_for(index_t wanted_rows, index_t wanted_count) {
    if constexpr (rows > 1) {
        if (wanted_rows < rows) return tile_for<T, rows - 1>(wanted_rows, wanted_count);
    }
    return tile_of<T, rows>(wanted_count);
}

// The sums of one target channel, to their places.
template <class T>
void put_rows(const Layout& layout, const T* product, index_t pitch, T* target) {
    for (const Row* row = layout.row; row < layout.row + layout.rows; ++row) {
        T* const to = target + row->target;
        const T* const from = product + row->from;
        if (row->quick) {
            store(to, load(from));
        } else if (pitch == 1) {
            copy_spaced(from, 1, row->count, to);
        } else {
            for (index_t i = 0; i < row->count; ++i) to[i * pitch] = from[i];
        }
    }
}

// What a task works on: a group's target channels from `k` on, `rows` of them at a time.
template <class T>
struct Rows {
    const Correlation& problem;
    const Layout& layout;
    const T* copy;
    const T* weight;
    T* target;

    index_t pitch() const { return layout.vectors * Simd<T>::lanes; }

    // Adds what the source channels from `c` on make of them to the sums, or begins with it.
    void sum(index_t k, index_t rows, index_t c, index_t channels, T* sums) const {
        const index_t parts = quotient(layout.vectors, vectors_for(rows));
        const T* const weights =
            weight + k * problem.weight_target_pitch + c * problem.weight_source_pitch;
        for (index_t part = 0; part < parts; ++part) {
            const index_t start = share(layout.vectors, parts, part);
            tile_for<T>(rows, share(layout.vectors, parts, part + 1) - start)(
                {problem, layout, layout.vector + start, copy + c * layout.plane, weights, channels,
                 sums + start * Simd<T>::lanes, c > 0});
        }
    }

    // Moves the sums to their places, and adds zero to `zero` for each that is finite, or else NaN.
    void put(index_t k, index_t rows, const T* sums, vec<T>& zero) const {
        for (index_t i = 0; i < rows * pitch(); i += Simd<T>::lanes) {
            const vec<T> sum = load(sums + i);
            zero += sum - sum;
        }
        const index_t step = problem.axis[problem.axes - 1].target_pitch;
        for (index_t i = 0; i < rows; ++i)
            put_rows(layout, sums + i * pitch(), step,
                     target + (k + i) * problem.target_channel_pitch);
    }
};

// Target channels first .. last - 1 of a group; `product` is of this thread.
template <class T>
bool correlate_rows(const Rows<T>& group, index_t first, index_t last, T* product) {
    const Correlation& problem = group.problem;
    const index_t most = group.layout.channels;
    vec<T> zero{};
    for (index_t c = 0; c < problem.source_channels; c += most) {
        const index_t channels = smaller(most, problem.source_channels - c);
        const bool all = channels == problem.source_channels;
        for (index_t k = first; k < last; k += ROWS) {
            const index_t rows = smaller(ROWS, last - k);
            T* const sums = all ? product : product + (k - first) * group.pitch();
            group.sum(k, rows, c, channels, sums);
            if (c + channels == problem.source_channels) group.put(k, rows, sums, zero);
        }
    }
    return all_zero<T>(zero);
}

// Source channel number `c` of all groups, with its padding.
template <class T>
void copy_channel(const Correlation& problem, const Layout& layout, const T* source, index_t c,
                  T* to) {
    const index_t offset = c * problem.source_channel_pitch;
    index_t count = 0;  // lanes that `inside` tells of
    vec<T> inside{};
    clear_run(layout.plane, to);
    for (const Strip* strip = layout.strip; strip < layout.strip + layout.strips; ++strip) {
        const index_t from = offset + strip->from;
        if (strip->quick && from + Simd<T>::lanes <= layout.source_size) {
            if (strip->count != count) inside = first_lanes<T>(count = strip->count);
            store(to + strip->to, inside != vec<T>{} ? load(source + from) : vec<T>{});
        } else {
            copy_spaced(source + from, layout.step, strip->count, to + strip->to);
        }
    }
}

// What the target channels of a group are computed from: part `part` of it.
template <class T>
void lay_out(const Correlation& problem, const Layout& layout, const T* source, index_t g,
             index_t part, index_t parts, T* copy) {
    const index_t channels = problem.source_channels;
    if (layout.dots)
        make_columns(problem, layout, source + g * channels * problem.source_channel_pitch,
                     share(layout.dots, parts, part), share(layout.dots, parts, part + 1),
                     copy + layout.columns);
    if (layout.vectors == 0) return;
    for (index_t c = share(channels, parts, part); c < share(channels, parts, part + 1); ++c)
        copy_channel(problem, layout, source, g * channels + c, copy + c * layout.plane);
    if (part + 1 < parts) return;
    const index_t end = layout.dots ? layout.columns : layout.elements;
    clear_run(end - channels * layout.plane, copy + channels * layout.plane);
}

// One group, or some of few channels at a time: what is stored has reached the cache before it is
// loaded again, from places that lie across those of the stores.
template <class T>
bool correlate_groups(const Correlation& problem, const Layout& layout, index_t first, index_t last,
                      const T* source, const T* weight, T* target, T* workspace) {
    const index_t rows = problem.target_channels;
    T* const products = workspace + layout.together * layout.elements;
    const auto group = [&](index_t g) {
        return Rows<T>{problem, layout, workspace + (g - first) * layout.elements,
                       weight + g * problem.weight_group_pitch,
                       target + g * rows * problem.target_channel_pitch};
    };
    for (index_t g = first; g < last; ++g)
        lay_out(problem, layout, source, g, 0, 1, workspace + (g - first) * layout.elements);
    if (rows > ROWS || layout.channels < problem.source_channels)
        return correlate_rows(group(first), 0, rows, products);
    vec<T> zero{};
    for (index_t g = first; g < last; ++g)
        group(g).sum(0, rows, 0, problem.source_channels, products + (g - first) * layout.product);
    for (index_t g = first; g < last; ++g)
        group(g).put(0, rows, products + (g - first) * layout.product, zero);
    return all_zero<T>(zero);
}

// Returns false where a sum is not finite, which may be due to a padding that it met.
template <class T>
bool correlate(const Correlation& problem, const Layout& layout, const T* source, const T* weight,
               T* target, T* workspace, int threads) {
    const index_t parts = quotient(problem.target_channels, layout.target_channels);
    const index_t tasks = problem.groups * parts;
    Found nonfinite;
    if (layout.together) {
        const index_t bundles = quotient(problem.groups, layout.together);
        const index_t each = layout.together * (layout.elements + layout.product);
        parallel_for(threads, bundles, 1, [&](index_t i, int thread) {
            const index_t first = i * layout.together;
            nonfinite.set(!correlate_groups(problem, layout, first,
                                            smaller(first + layout.together, problem.groups),
                                            source, weight, target, workspace + thread * each));
        });
        return !nonfinite;
    }
    parallel_for(threads, problem.groups * threads, 1, [&](index_t i, int) {
        lay_out(problem, layout, source, i / threads, i % threads, threads,
                workspace + i / threads * layout.elements);
    });
    T* const products = workspace + problem.groups * layout.elements;
    parallel_for(threads, tasks, few_of(tasks, threads), [&](index_t task, int thread) {
        const index_t g = task / parts, part = task % parts;
        const index_t first = share(problem.target_channels, parts, part);
        const index_t last = share(problem.target_channels, parts, part + 1);
        const Rows<T> group{problem, layout, workspace + g * layout.elements,
                            weight + g * problem.weight_group_pitch,
                            target + g * problem.target_channels * problem.target_channel_pitch};
        if (layout.vectors)
            nonfinite.set(!correlate_rows(group, first, last, products + thread * layout.product));
        if (layout.dots)
            nonfinite.set(!correlate_dots(problem, layout, first, last, group.copy + layout.columns,
                                          group.weight, group.target));
    });
    return !nonfinite;
}

}  // namespace
}  // namespace convcore::few_positions
