// Correlation as a product of matrices: target[position, channel] = sum over terms of
// source[position_offset + term_offset] weight[term, channel].
#pragma once
#include "gemm_channels/blocks.inl.h"
#include "machine/parallel.inl.h"
#include "problem/taps.inl.h"

namespace convcore::gemm_channels {
namespace {

// The weight of one tap of a panel for a block of channels: [source channel][target channel].
template <class T>
void pack_tap(const Correlation& problem, const T* weight, index_t sources, index_t channels,
              int width, T* packed) {
    for (index_t c = 0; c < sources; ++c) {
        if (problem.weight_target_pitch == 1) {
            copy_spaced(weight, 1, channels, packed);
        } else {
            for (int i = 0; i < channels; ++i) packed[i] = weight[i * problem.weight_target_pitch];
        }
        clear_run(width - channels, packed + channels);
        packed += width;
        weight += problem.weight_source_pitch;
    }
}

// Source channels `c`, `c` + 1, ... whose taps make one run of `count` elements for each target
// channel: transposed from squares, as many channels of the panel at a time as a vector has lanes.
template <class T>
void pack_run(const Correlation& problem, const T* weight, index_t count, index_t c,
              index_t sources, index_t taps, int width, T* packed) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t pitch = problem.weight_target_pitch;
    for (int v = 0; v < width; v += lanes) {
        const T* from = weight + v * pitch;
        index_t channel = c, tap = 0;
        for (index_t e = 0; e < count; e += lanes) {
            const int some = int(smaller(lanes, count - e));
            vec<T> square[lanes];
            if (some == lanes) {
#pragma GCC unroll 16
                for (int i = 0; i < lanes; ++i) square[i] = load(from + i * pitch + e);
                transpose<T>(square);
            } else {
                for (int j = 0; j < some; ++j)
                    for (int i = 0; i < lanes; ++i) square[j][i] = from[i * pitch + e + j];
            }
            for (int j = 0; j < some; ++j) {
                store(packed + (tap * sources + channel) * width + v, square[j]);
                if (++tap < taps) continue;
                tap = 0;
                ++channel;
            }
        }
    }
}

template <class T>
void pack_block(const Correlation& problem, const T* weight, const Channels& block, index_t taps,
                index_t channels, int width, T* packed) {
    constexpr index_t few = 16;  // source channels whose taps share cache lines
    weight += block.first * problem.weight_source_pitch;
    const index_t sources = block.count();
    const bool joined = problem.weight_source_pitch == taps;  // the runs of all channels are one
    const bool runs = channels == width && plain_taps(problem, taps) && (joined || taps > 1);
    const index_t step = runs && !joined ? 1 : few;
    for (index_t c = 0; c < sources; c += step) {
        const T* from = weight + c * problem.weight_source_pitch;
        const index_t some = smaller(step, sources - c);
        if (runs) {
            pack_run(problem, from, some * taps, c, sources, taps, width, packed);
            continue;
        }
        for (index_t tap = 0; tap < taps; ++tap)
            pack_tap(problem, from + tap_weight_offset(problem, tap), some, channels, width,
                     packed + (tap * sources + c) * width);
    }
}

// packed: for each group, panel and block of source channels [tap][source channel][lane].
template <class T>
bool pack_weight(const Correlation& problem, const Blocking& block, const T* weight, T* packed,
                 int threads) {
    const index_t taps = tap_count(problem), channels = problem.target_channels;
    const index_t panels = quotient(channels, panel_width<T>);
    const index_t group = padded_channels<T>(channels) * block.terms;
    const index_t parts = quotient(problem.source_channels, block.channels);
    const index_t tasks = problem.groups * panels * parts;
    Found spoilt;
    parallel_for(threads, tasks, few_of(tasks, threads), [&](index_t i, int) {
        const index_t panel = i / parts % panels, g = i / parts / panels;
        const Channels sources = channel_block(problem, block, i % parts);
        const index_t first = panel_start<T>(panel);
        const int width = panel_vectors<T>(channels, panel) * Simd<T>::lanes;
        const T* from =
            weight + g * problem.weight_group_pitch + first * problem.weight_target_pitch;
        T* to = packed + g * group + first * block.terms + sources.first * taps * width;
        pack_block(problem, from, sources, taps, smaller(width, channels - first), width, to);
        spoilt.set(!all_finite(to, sources.terms * width));
    });
    return !spoilt;
}

// product[position][channel] to target[channel][position], where positions are neighbours.
template <class T>
void store_transposed(const T* product, index_t pitch, index_t positions, int channels, T* target,
                      index_t target_pitch) {
    constexpr int lanes = Simd<T>::lanes;
    for (int k = 0; k < channels; k += lanes) {
        const int count = int(smaller(lanes, channels - k));
        index_t p = 0;
        for (; p + lanes <= positions; p += lanes) {
            vec<T> square[lanes];
#pragma GCC unroll 16
            for (int i = 0; i < lanes; ++i) square[i] = load(product + (p + i) * pitch + k);
            transpose<T>(square);
            for (int i = 0; i < count; ++i) store(target + (k + i) * target_pitch + p, square[i]);
        }
        for (; p < positions; ++p)
            for (int i = 0; i < count; ++i)
                target[(k + i) * target_pitch + p] = product[p * pitch + k + i];
    }
}

// Position by position; what is written is fetched some positions before (128 channels of 56 x 56,
// 3 x 3 by stride 2, gradient with respect to the input, AMD Zen 3, 2026: 0.9 of the time).
template <class T>
void store_scattered(const T* product, index_t pitch, const Range& range, int channels, T* target,
                     index_t target_pitch) {
    constexpr index_t ahead = 24, often = 4;
    for (index_t p = 0; p < range.count; ++p, product += pitch) {
        if (p % often == 0 && p + ahead < range.count) {
            const T* next = target + range.target_at[p + ahead];
            for (int k = 0; k < channels; ++k) __builtin_prefetch(next + k * target_pitch, 1);
        }
        T* const to = target + range.target_at[p];
        for (int k = 0; k < channels; ++k) to[k * target_pitch] = product[k];
    }
}

// A range of positions and a block of source channels times one panel of target channels.
template <class T>
struct PanelProduct {
    const Blocking& block;
    const Range& range;
    const Inside& inside;
    const Channels& sources;
    const T* base;
    const T* packed;
    int vectors;
    T* product;

    int width() const { return vectors * Simd<T>::lanes; }

    // Without the taps of the outermost axis that no position reads inside the source. What is left
    // out does not move the ends of the partial sums, since it depends on the range.
    void run() const {
        const index_t terms = sources.terms, steps = quotient(terms, block.depth);
        const index_t begin = inside.begin * terms / inside.taps;
        const index_t end = inside.end * terms / inside.taps;
        bool begun = sources.first > 0;
        for (index_t step = 0; step < steps; ++step) {
            const index_t from = share(terms, steps, step), first = from < begin ? begin : from;
            const index_t depth = smaller(end, share(terms, steps, step + 1)) - first;
            if (depth <= 0) continue;
            multiply<T>(vectors, base, range.source_at, range.count, sources.term_offset + first,
                        depth, packed + first * width(), product, begun);
            begun = true;
        }
        if (!begun) clear_run(range.count * width(), product);
    }
};

template <class T>
void store_panel(const Correlation& problem, const Range& range, index_t panel, const T* product,
                 T* target) {
    const index_t channels = problem.target_channels, start = panel_start<T>(panel);
    const int width = panel_vectors<T>(channels, panel) * Simd<T>::lanes;
    const int count = int(smaller(width, channels - start));
    T* to = target + start * problem.target_channel_pitch;
    if (range.side_by_side) {
        store_transposed(product, width, range.count, count, to + range.target_at[0],
                         problem.target_channel_pitch);
    } else {
        store_scattered(product, width, range, count, to, problem.target_channel_pitch);
    }
}

// Panels first .. last of one block, range by range. The product of a panel is stored as soon as it
// is complete; where there are several blocks of source channels, and one range then, all of them
// wait for the last block.
template <class T>
void correlate_block(const Correlation& problem, const Blocking& block, const Box& box,
                     const T* source, const T* packed, index_t first, index_t last, T* slab,
                     T* target, const Share& own) {
    const index_t channels = problem.target_channels, taps = tap_count(problem);
    const index_t parts = quotient(problem.source_channels, block.channels);
    const index_t ranges = quotient(box.positions, block.range);
    T* product = slab + block.slab;
    for (index_t part = 0; part < parts; ++part) {
        const Channels sources = channel_block(problem, block, part);
        const T* base = gather(problem, block, box, source, sources, slab);
        for (index_t r = 0; r < ranges && !interrupted(own); ++r) {
            const index_t begin = share(box.positions, ranges, r);
            const index_t count = share(box.positions, ranges, r + 1) - begin;
            const Range range = range_of(box, begin, count);
            const Inside inside = find_inside(problem, box, range);
            for (index_t p = first; p < last; ++p) {
                const int vectors = panel_vectors<T>(channels, p);
                const T* b = packed + panel_start<T>(p) * block.terms +
                             sources.first * taps * vectors * Simd<T>::lanes;
                T* sums = parts == 1 ? product : product + panel_start<T>(p - first) * block.range;
                PanelProduct<T>{block, range, inside, sources, base, b, vectors, sums}.run();
                if (part + 1 == parts) store_panel(problem, range, p, sums, target);
            }
        }
    }
}

template <class T>
void correlate(const Correlation& problem, const Blocking& block, const T* source, const T* packed,
               T* target, T* workspace, int threads) {
    const index_t blocks = block_count(problem, block), channels = problem.target_channels;
    const index_t panels = quotient(channels, panel_width<T>);
    const index_t group = padded_channels<T>(channels) * block.terms;
    const index_t tasks = problem.groups * blocks * block.panel_tasks;
    const bool split = block.channels < problem.source_channels;
    const index_t buffer =
        block.slab + block.range * (split ? padded_channels<T>(channels) : panel_width<T>);
    parallel(threads, tasks, 1, [&](Share& own) {
        T* slab = workspace + buffer * own.thread;
        Box box;
        for (index_t i; next(own, i);) {
            const index_t part = i % block.panel_tasks, number = i / block.panel_tasks % blocks;
            const index_t g = i / block.panel_tasks / blocks;
            place(problem, block, number, box);
            list(problem, block, box);
            correlate_block(problem, block, box,
                            source + g * problem.source_channels * problem.source_channel_pitch,
                            packed + g * group, share(panels, block.panel_tasks, part),
                            share(panels, block.panel_tasks, part + 1), slab,
                            target + g * channels * problem.target_channel_pitch, own);
        }
    });
}

}  // namespace
}  // namespace convcore::gemm_channels
