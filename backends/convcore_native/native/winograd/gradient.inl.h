// The gradient with respect to the weight, as the adjoint of minimal filtering: both operands are
// transformed, multiplied over the tiles frequency by frequency, and the sums transformed back.
#pragma once
#include "winograd/correlate.inl.h"

namespace convcore::winograd {
namespace {

// Transforms up to one vector of channels of a strip of the target, from `channel` on; `first` is
// the channel at which `transformed` begins.
template <class T>
void transform_target(const Problem& problem, const Blocking& block, const T* target,
                      index_t channel, index_t first, const Strip& strip, T* work, T* transformed) {
    constexpr int lanes = Simd<T>::lanes;
    const Window window = target_window(problem);
    const index_t channels = problem.target_channels, plane = window.positions();
    const T* from = target + (strip.image * channels + channel) * plane;
    transform_in<T, TargetAdjointStage>(
        problem, window, from, int(smaller(lanes, channels - channel)),
        target + problem.batch * channels * plane, strip, block.target_pitch, work,
        transformed + (channel - first) * block.tiles + strip.place * lanes);
}

// Sums of one frequency over a block of tiles: rows `row` to `row_end` of those in work. Sums are
// [target channel][frequency][source channel], so that they are transformed back from one place.
template <class T>
void multiply_frequency(const Blocking& block, index_t tiles, index_t depth, index_t row,
                        index_t row_end, const T* target, const T* source, T* sums, bool more) {
    constexpr int lanes = Simd<T>::lanes, width = GRADIENT_COLUMNS * lanes;
    for (index_t c = 0; c < depth; c += width) {
        const index_t columns = smaller(GRADIENT_COLUMNS, (depth - c) / lanes);
        const auto run = more ? multiply_channels_for<T, true>(columns)
                              : multiply_channels_for<T, false>(columns);
        for (index_t k = row; k < row_end; k += GRADIENT_ROWS)
            run(tiles, target + k / lanes * lanes * block.tiles + k % lanes,
                source + c * block.tiles, block.tiles * lanes, sums + k * block.product_pitch + c,
                block.product_pitch);
    }
}

// Transforms the sums of one target channel and up to one vector of source channels back.
template <class T>
void transform_gradient(const Problem& problem, const T* sums, index_t pitch, int channels, T* work,
                        T* weight, Seen<T>& seen) {
    constexpr int lanes = Simd<T>::lanes;
    const Axis *outer = problem.axis, *middle = outer + 1, *inner = outer + 2;
    const index_t row = inner->taps * lanes;
    transform_for<T, WeightAdjointStage> (*inner)({sums, pitch, inner->frequencies * pitch},
                                                  {work, lanes, row},
                                                  outer->frequencies * middle->frequencies);
    transform_outer<T, WeightAdjointStage>(problem, outer->frequencies, middle->taps, row,
                                           inner->taps, work);
    // The taps move together; they never move up.
    for (index_t i = 0; i < outer->taps; ++i)
        for (index_t j = 0; j < middle->taps; ++j)
            for (index_t k = 0; k < inner->taps; ++k)
                store(work + ((i * middle->taps + j) * inner->taps + k) * lanes,
                      load(work + (i * middle->frequencies + j) * row + k * lanes));
    write_row(work, problem.taps, weight, problem.weight_source_pitch, channels, seen);
}

template <class T>
struct GradientWork {
    const Problem& problem;
    const Blocking& block;
    const T* target;
    const T* source;
    T* weight;
    T *sources, *targets, *sums;
    T* work;  // of all threads
    int threads;
    Found spoilt;

    // Target channels `first` to `last`. Sources of a single block of tiles are transformed for the
    // first of them only.
    void run(index_t first, index_t last) {
        const bool once = problem.tiles <= block.tiles;
        for (index_t tile = 0; tile < problem.tiles; tile += block.tiles) {
            const Strips strips(problem, tile, smaller(tile + block.tiles, problem.tiles));
            transform(strips, first, last, !once || first == 0);
            multiply(strips.tiles, last - first, tile > 0);
        }
        finish(first, last);
    }

    void transform(const Strips& strips, index_t first, index_t last, bool with_source) {
        constexpr int lanes = Simd<T>::lanes;
        const index_t in_source = with_source ? quotient(problem.source_channels, lanes) : 0;
        const index_t vectors = in_source + quotient(last - first, lanes);
        parallel_for(threads, strips.count * vectors, 1, [&](index_t i, int thread) {
            const Strip& strip = strips.strip[i / vectors];
            const index_t v = i % vectors;
            if (v < in_source) {
                transform_source(problem, block, source, v * lanes, strip, work_of(thread),
                                 sources);
            } else {
                transform_target(problem, block, target, first + (v - in_source) * lanes, first,
                                 strip, work_of(thread), targets);
            }
        });
    }

    void multiply(index_t tiles, index_t rows, bool more) {
        constexpr index_t part = 64;
        const index_t whole = whole_lanes<T>(rows), parts = quotient(whole, part);
        const index_t depth = whole_lanes<T>(problem.source_channels);
        parallel_for(threads, problem.frequencies * parts, 1, [&](index_t task, int) {
            const index_t f = task / parts, i = task % parts;
            multiply_frequency(block, tiles, depth, i * part, smaller((i + 1) * part, whole),
                               targets + f * block.target_pitch, sources + f * block.source_pitch,
                               sums + f * block.weight_pitch, more);
        });
    }

    void finish(index_t first, index_t last) {
        constexpr int lanes = Simd<T>::lanes;
        const index_t channels = problem.source_channels, count = last - first;
        parallel_for(threads, count, few_of(count, threads), [&](index_t k, int thread) {
            Seen<T> seen;
            T* to = weight + (first + k) * problem.weight_target_pitch;
            for (index_t c = 0; c < channels; c += lanes)
                transform_gradient(problem, sums + k * block.product_pitch + c, block.weight_pitch,
                                   int(smaller(lanes, channels - c)), work_of(thread),
                                   to + c * problem.weight_source_pitch, seen);
            spoilt.set(!seen.all_finite());
        });
    }

    T* work_of(int thread) const { return work + thread * block.strip_workspace; }
};

template <class T>
bool weight_gradient(const Problem& problem, const Blocking& block, const T* target,
                     const T* source, T* weight, T* workspace, int threads) {
    T* targets = workspace + problem.frequencies * block.source_pitch;
    T* sums = targets + problem.frequencies * block.target_pitch;
    T* work = sums + whole_lanes<T>(block.rows) * block.product_pitch;
    GradientWork<T> task{problem, block, target, source,  weight, workspace,
                         targets, sums,  work,   threads, {}};
    for (index_t first = 0; first < problem.target_channels; first += block.rows)
        task.run(first, smaller(first + block.rows, problem.target_channels));
    return !task.spoilt;
}

}  // namespace
}  // namespace convcore::winograd
