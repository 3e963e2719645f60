// The gradient with respect to the weight: weight[term, channel] = sum over positions of
// source[position_offset + term_offset] target[position, channel].
//
// The same product as the correlation's, with the places of term and position exchanged. A long sum
// is cut into slices with a result each, added in order, so that the bits do not depend on the
// number of threads.
#pragma once
#include "gemm_channels/correlate.inl.h"
#include "gemm_channels/positions_by_taps.inl.h"

namespace convcore::gemm_channels {
namespace {

// Packs a panel of target channels: [position][channel of the panel]. Positions ascend.
template <class T>
void pack_target(const T* target, index_t target_pitch, const Range& range, int channels, int width,
                 T* packed) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t* const at = range.target_at;
    for (int k = 0; k < width; k += lanes) {
        const int count = int(smaller(lanes, channels - k));
        const T* from = target + k * target_pitch;
        for (index_t p = 0, next; p < range.count; p = next) {
            T* to = packed + p * width + k;
            const bool neighbours =
                p + lanes <= range.count && at[p + lanes - 1] - at[p] == lanes - 1;
            next = p + (neighbours ? lanes : 1);
            if (!neighbours) {
                for (int i = 0; i < lanes; ++i)
                    to[i] = i < count ? from[i * target_pitch + at[p]] : T(0);
                continue;
            }
            vec<T> square[lanes];
            for (int i = 0; i < lanes; ++i)
                square[i] = i < count ? load(from + i * target_pitch + at[p]) : vec<T>{};
            transpose<T>(square);
#pragma GCC unroll 16
            for (int i = 0; i < lanes; ++i) store(to + i * width, square[i]);
        }
    }
}

// What one task adds up: a block of source channels with all taps, for panels of target channels.
template <class T>
struct WeightGradientTask {
    const Correlation& problem;
    const Blocking& block;
    Channels sources;
    index_t panel, panel_end;
    T* slab;
    T* packed;

    // result: for each panel and block of source channels [tap][source channel][lane].
    void add(const Box& box, const PositionsByTaps& sorted, const T* source, const T* target,
             T* result, bool accumulate) {
        const index_t channels = problem.target_channels, taps = tap_count(problem);
        const T* base = gather(problem, block, box, source, sources, slab);
        for (index_t p = panel; p < panel_end; ++p) {
            const index_t start = panel_start<T>(p);
            const int vectors = panel_vectors<T>(channels, p), width = vectors * Simd<T>::lanes;
            for (index_t k = 0; k < sorted.count; ++k)
                pack_target(target + start * problem.target_channel_pitch,
                            problem.target_channel_pitch, sorted.range(box, k),
                            int(smaller(width, channels - start)), width,
                            packed + sorted.first[k] * width);
            T* sums = result + start * block.terms + sources.first * taps * width;
            if (sorted.count == 1) {
                multiply_positions(box, 0, box.positions, 0, sources.terms, vectors, base, sums,
                                   accumulate);
            } else {
                for (index_t tap = 0; tap < taps; ++tap)
                    multiply_tap(box, sorted, tap, vectors, base, sums, accumulate);
            }
        }
    }

    // Only the positions that read the tap inside the source.
    void multiply_tap(const Box& box, const PositionsByTaps& sorted, index_t tap, int vectors,
                      const T* base, T* result, bool accumulate) const {
        const index_t term = tap * sources.count();
        sorted.visit_runs(problem, tap, [&](index_t first, index_t last) {
            multiply_positions(box, first, last, term, sources.count(), vectors, base, result,
                               accumulate);
            accumulate = true;
        });
        const index_t width = vectors * Simd<T>::lanes;
        if (!accumulate) clear_run(sources.count() * width, result + term * width);
    }

    void multiply_positions(const Box& box, index_t first, index_t last, index_t term,
                            index_t terms, int vectors, const T* base, T* result,
                            bool accumulate) const {
        const index_t width = vectors * Simd<T>::lanes;
        for (index_t at = first; at < last; at += block.depth)
            multiply<T>(vectors, base, sources.term_offset + term, terms, box.source_at + at,
                        smaller(block.depth, last - at), packed + at * width, result + term * width,
                        accumulate || at > first);
    }
};

// The weight of a block of source channels for a panel: the sum over slices of their results.
template <class T>
void store_weight(const Correlation& problem, const Blocking& block, T* results, index_t result,
                  index_t panel, const Channels& sources, T* weight) {
    const index_t channels = problem.target_channels, taps = tap_count(problem);
    const index_t start = panel_start<T>(panel), pitch = problem.weight_target_pitch;
    const int width = panel_vectors<T>(channels, panel) * Simd<T>::lanes;
    const int count = int(smaller(width, channels - start));
    T* sum = results + start * block.terms + sources.first * taps * width;
    for (index_t s = 1; s < block.slices; ++s)
        for (index_t i = 0; i < sources.terms * width; i += Simd<T>::lanes)
            store(sum + i, load(sum + i) + load(sum + s * result + i));
    T* to = weight + start * pitch + sources.first * problem.weight_source_pitch;
    if (pitch == 1 && taps == 1) {  // the channels of the target are neighbours
        for (index_t c = 0; c < sources.count(); ++c)
            copy_spaced(sum + c * width, 1, count, to + c * problem.weight_source_pitch);
        return;
    }
    if (taps == 1) return store_transposed(sum, width, sources.count(), count, to, pitch);
    for (index_t c = 0; c < sources.count(); ++c)
        store_transposed(sum + c * width, sources.count() * width, taps, count,
                         to + c * problem.weight_source_pitch, pitch);
}

// workspace: the results of the slices; then for each thread the slab and a panel of the target.
template <class T>
void weight_gradient(const Correlation& problem, const Blocking& block, const T* target,
                     const T* source, T* weight, T* workspace, int threads) {
    const index_t channels = problem.target_channels, sources = problem.source_channels;
    const index_t panels = quotient(channels, panel_width<T>);
    const index_t group = padded_channels<T>(channels) * block.terms;
    const index_t result = problem.groups * group, blocks = block_count(problem, block);
    const index_t parts = block.panel_tasks * quotient(sources, block.channels);
    const index_t tasks = problem.groups * block.slices * parts;
    T* buffers = workspace + block.slices * result;
    parallel(threads, tasks, 1, [&](Share& own) {
        T* slab = buffers + (block.slab + block.positions * panel_width<T>)*own.thread;
        Box box;
        for (index_t i; next(own, i);) {
            const index_t part = i % block.panel_tasks, terms = i % parts / block.panel_tasks;
            const index_t slice = i / parts % block.slices, g = i / parts / block.slices;
            WeightGradientTask<T> task{problem,
                                       block,
                                       channel_block(problem, block, terms),
                                       share(panels, block.panel_tasks, part),
                                       share(panels, block.panel_tasks, part + 1),
                                       slab,
                                       slab + block.slab};
            const index_t first = share(blocks, block.slices, slice);
            const index_t last = share(blocks, block.slices, slice + 1);
            for (index_t b = first; b < last && !interrupted(own); ++b) {
                place(problem, block, b, box);
                list(problem, block, box);
                const PositionsByTaps sorted(problem, block.skips_padding, box);
                task.add(box, sorted, source + g * sources * problem.source_channel_pitch,
                         target + g * channels * problem.target_channel_pitch,
                         workspace + slice * result + g * group, b > first);
            }
        }
    });
    const index_t ranges = quotient(sources, block.channels);
    const index_t stored = problem.groups * panels * ranges;
    parallel_for(threads, stored, few_of(stored, threads), [&](index_t i, int) {
        const index_t g = i / ranges / panels;
        store_weight(problem, block, workspace + g * group, result, i / ranges % panels,
                     channel_block(problem, block, i % ranges),
                     weight + g * problem.weight_group_pitch);
    });
}

}  // namespace
}  // namespace convcore::gemm_channels
