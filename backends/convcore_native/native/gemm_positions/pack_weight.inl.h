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

// A panel of target channels for the terms of some source channels, whose taps stand side by side:
// those of a tap `tap_pitch` behind those of the one before it.
template <class T>
void pack_neighbours(const T* from, index_t pitch, index_t channels, index_t taps, T* to,
                     index_t tap_pitch) {
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
            __builtin_memcpy(to + tap * tap_pitch + channel * rows,
                             reinterpret_cast<const T*>(row) + l * rows, rows * sizeof(T));
            if (++tap < taps) continue;
            tap = 0;
            ++channel;
        }
    }
}

// `rows` target channels from `first_row` on, of one group: [part of the terms][term][row].
template <class T>
struct Panel {
    const Correlation& problem;
    const Blocking& block;
    const T* weight;  // of the group, as is `packed`
    T* packed;
    index_t first_row, rows;

    // Where a term stands: in its part, which holds all panels.
    T* place(index_t term) const {
        const index_t first = term / block.depth * block.depth;
        const index_t depth = smaller(block.depth, term_count(problem) - first);
        return packed + first * problem.target_channels + first_row * depth + (term - first) * rows;
    }

    // Calls visit(begin, end) for the terms from `first` to before `last`, part by part.
    template <class Visit>
    void visit_parts(index_t first, index_t last, Visit visit) const {
        for (index_t end; first < last; first = end) {
            end = smaller(last, (first / block.depth + 1) * block.depth);
            visit(first, end);
        }
    }

    // Term by term.
    void pack(index_t first, index_t last) const {
        const index_t pitch = problem.weight_target_pitch,
                      source_pitch = problem.weight_source_pitch;
        T* to = place(first);
        visit_terms(problem, block, first, last,
                    [&](index_t tap, index_t channel, index_t channels, index_t) {
                        const T* from = weight + first_row * pitch +
                                        tap_weight_offset(problem, tap) + channel * source_pitch;
                        for (index_t c = 0; c < channels; ++c, from += source_pitch)
                            for (index_t i = 0; i < rows; ++i) *to++ = from[i * pitch];
                    });
    }

    // All terms of `channels` source channels; returns whether they are finite.
    bool pack_channels(index_t channel, index_t channels, bool neighbours) const {
        const index_t taps = tap_count(problem), first = channel * taps,
                      last = first + channels * taps;
        const bool whole =  // no tap is cut
            block.depth == block.source_channels * taps || block.depth == channels;
        if (neighbours && whole && rows == CHANNEL_ROWS) {
            T* const to = place(first);
            pack_neighbours(weight + first_row * problem.weight_target_pitch + first,
                            problem.weight_target_pitch, channels, taps, to,
                            taps > 1 ? place(first + channels) - to : 0);
        } else {
            visit_parts(first, last, [&](index_t begin, index_t end) { pack(begin, end); });
        }
        bool finite = true;
        visit_parts(first, last, [&](index_t begin, index_t end) {
            finite &= all_finite(place(begin), (end - begin) * rows);
        });
        return finite;
    }
};

// packed: for each group, part of the terms and panel of target channels [term][row].
template <class T>
bool pack_weight(const Correlation& problem, const Blocking& block, const T* weight, T* packed,
                 int threads) {
    const index_t channels = problem.target_channels, sources = problem.source_channels;
    const index_t taps = tap_count(problem), group = taps * sources * channels;
    const index_t panels = quotient(channels, CHANNEL_ROWS);
    const index_t blocks = quotient(sources, block.source_channels);
    const index_t tasks = problem.groups * blocks * panels;
    const bool neighbours = problem.weight_source_pitch == taps && plain_taps(problem, taps);
    Found spoilt;
    parallel_for(threads, tasks, few_of(tasks, threads), [&](index_t i, int) {
        const index_t g = i / panels / blocks, k = i % panels * CHANNEL_ROWS;
        const index_t first = i / panels % blocks * block.source_channels;
        const Panel<T> panel{problem,
                             block,
                             weight + g * problem.weight_group_pitch,
                             packed + g * group,
                             k,
                             smaller(CHANNEL_ROWS, channels - k)};
        spoilt.set(!panel.pack_channels(first, smaller(block.source_channels, sources - first),
                                        neighbours));
    });
    return !spoilt;
}

}  // namespace
}  // namespace convcore::gemm_positions
