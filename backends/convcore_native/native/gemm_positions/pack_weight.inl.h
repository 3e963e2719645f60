// The weight for products with target positions as lanes: panels of channels, term by term.
#pragma once
#include "gemm_positions/kernels.h"
#include "machine/parallel.inl.h"
#include "problem/integers.h"
#include "problem/taps.inl.h"
#include "simd/vector.inl.h"

namespace convcore::gemm_positions {
namespace {

// Channels of the register tile: sums take 12 registers of 16, or 24 of 32. Narrow vectors gain
// nothing from more (AMD Zen 4, 2026, 256 bits: 8 take 1.02 of the time of 4).
constexpr int CHANNEL_ROWS = TILES.gemm_positions.rows;

inline index_t term_count(const Correlation& problem) {
    return tap_count(problem) * problem.source_channels;
}

// Calls visit(tap, channel, channels, place) for the terms first .. last - 1, channel by channel as
// far as they have one tap; places count from `first`.
template <class Visit>
ALWAYS_INLINE inline void visit_terms(const Correlation& problem, const Blocking& block,
                                      index_t first, index_t last, Visit visit) {
    const index_t taps = tap_count(problem);
    for (index_t term = first; term < last;) {
        const index_t channel = term / (block.source_channels * taps) * block.source_channels;
        const index_t channels = smaller(block.source_channels, problem.source_channels - channel);
        const index_t tap = (term - channel * taps) / channels;
        const index_t done = term - channel * taps - tap * channels;
        const index_t count = smaller(channels - done, last - term);
        visit(tap, channel + done, count, term - first);
        term += count;
    }
}

// A panel of target channels for the terms of some source channels, whose taps stand side by side.
template <class T>
void pack_neighbours(const T* from, index_t pitch, index_t channels, index_t taps, T* to) {
    constexpr int lanes = Simd<T>::lanes, rows = CHANNEL_ROWS;
    const index_t count = channels * taps;
    index_t channel = 0, tap = 0;
    for (index_t first = 0; first < count; first += lanes) {
        const int some = int(smaller(lanes, count - first));
        vec<T> row[rows];
        for (int i = 0; i < rows; ++i) {
            const T* place = from + i * pitch + first;
            if (some == lanes) {
                row[i] = load(place);
            } else {
                for (int l = 0; l < some; ++l) row[i][l] = place[l];
            }
        }
        interleave<T>(row);
        for (int l = 0; l < some; ++l) {
            __builtin_memcpy(to + (tap * channels + channel) * rows,
                             reinterpret_cast<const T*>(row) + l * rows, rows * sizeof(T));
            if (++tap < taps) continue;
            tap = 0;
            ++channel;
        }
    }
}

// The terms first .. last - 1 of `rows` target channels from `weight` on: [term][row].
template <class T>
void pack_panel(const Correlation& problem, const Blocking& block, const T* weight, index_t first,
                index_t last, index_t rows, T* packed) {
    const index_t taps = tap_count(problem), pitch = problem.weight_target_pitch;
    const index_t source_pitch = problem.weight_source_pitch;
    const bool neighbours = source_pitch == taps && plain_taps(problem, taps);
    if (neighbours && rows == CHANNEL_ROWS && block.depth == block.source_channels * taps)
        return pack_neighbours(weight + first, pitch, (last - first) / taps, taps, packed);
    visit_terms(problem, block, first, last,
                [&](index_t tap, index_t channel, index_t channels, index_t place) {
                    const T* from =
                        weight + tap_weight_offset(problem, tap) + channel * source_pitch;
                    T* to = packed + place * rows;
                    for (index_t c = 0; c < channels; ++c, from += source_pitch)
                        for (index_t i = 0; i < rows; ++i) *to++ = from[i * pitch];
                });
}

// packed: for each group, part of the terms and panel of target channels [term][row].
template <class T>
bool pack_weight(const Correlation& problem, const Blocking& block, const T* weight, T* packed,
                 int threads) {
    const index_t channels = problem.target_channels, terms = term_count(problem);
    const index_t panels = quotient(channels, CHANNEL_ROWS);
    const index_t parts = quotient(terms, block.depth);
    const index_t tasks = problem.groups * parts * panels;
    Found spoilt;
    parallel_for(threads, tasks, few_of(tasks, threads), [&](index_t i, int) {
        const index_t g = i / panels / parts;
        const index_t first = i / panels % parts * block.depth, k = i % panels * CHANNEL_ROWS;
        const index_t last = smaller(terms, first + block.depth);
        const index_t rows = smaller(CHANNEL_ROWS, channels - k);
        T* to = packed + (g * terms + first) * channels + k * (last - first);
        pack_panel(problem, block,
                   weight + g * problem.weight_group_pitch + k * problem.weight_target_pitch, first,
                   last, rows, to);
        spoilt.set(!all_finite(to, (last - first) * rows));
    });
    return !spoilt;
}

}  // namespace
}  // namespace convcore::gemm_positions
