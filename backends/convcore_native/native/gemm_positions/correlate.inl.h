// Correlation as a product of matrices with target positions as lanes: target[channel, position] =
// sum over terms of weight[channel, term] column[term, position].
#pragma once
#include "gemm_positions/multiply.inl.h"
#include "gemm_positions/pack_source.inl.h"
#include "gemm_positions/pack_weight.inl.h"
#include "machine/parallel.inl.h"

namespace convcore::gemm_positions {
namespace {

// A block of positions of one group, for some target channels.
template <class T>
struct BlockTask {
    static constexpr int lanes = Simd<T>::lanes, width = tile_width<T>;

    const Correlation& problem;
    const Blocking& block;
    const PositionRuns& runs;
    const SourcePacker<T>& packer;
    const T* weight;  // of the group, packed or as it is
    T* target;        // of the group
    index_t first_channel, last_channel;
    T* columns;
    T* product;  // of each tile, for those that are scattered over the target

    void run() const {
        const index_t tiles = packer.tiles(), terms = term_count(problem);
        index_t place[MAX_BLOCK_POSITIONS];
        bool started[MAX_BLOCK_POSITIONS] = {};
        for (index_t t = 0; t < tiles; ++t) place[t] = place_of(t);
        if (!block.shared) packer.list();
        for (index_t first = 0; first < terms; first += block.depth) {
            const index_t last = smaller(terms, first + block.depth);
            bool wanted[MAX_BLOCK_POSITIONS];
            for (index_t k = first_channel; k < last_channel; k += block.target_channels) {
                for (index_t t = 0; t < tiles; ++t) {
                    if (k == first_channel)
                        wanted[t] = pack(t, first, last) || (last == terms && !started[t]);
                    if (wanted[t]) multiply(t, place[t], first, last, k, started[t]);
                }
            }
            for (index_t t = 0; t < tiles; ++t) started[t] |= wanted[t];
        }
    }

    // Stores the products that are not in their places; `evens` are those of the positions that
    // take turns with these, or null. Not inlined, for want of registers.
    __attribute__((noinline)) void scatter(const T* evens) const {
        for (index_t t = 0; t < packer.tiles(); ++t)
            if (place_of(t) < 0) scatter(t, evens);
    }

    // Packs a tile, which is multiplied next, from the level 1 cache; returns whether it has an
    // entry that is not padding.
    bool pack(index_t tile, index_t first, index_t last) const {
        if (block.shared || packer.lies(tile)) return true;
        bool wanted = false;
        T* const to = columns_of(tile, first, last);
        visit_terms(problem, block, first, last,
                    [&](index_t tap, index_t channel, index_t channels, index_t place) {
                        packer.pack(tap, tile, channel, channels,
                                    to + place * packer.vectors(tile) * lanes);
                        wanted |= packer.tap_loads[tap * packer.tiles() + tile].pieces > 0;
                    });
        return wanted;
    }

    // Where a tile of whole vectors stands in a target channel, if its positions are neighbours
    // there; else -1.
    index_t place_of(index_t tile) const {
        const index_t from = packer.start(tile);
        const index_t to = smaller(packer.start(tile + 1), runs.positions);
        if ((to - from) % lanes || problem.axis[problem.axes - 1].target_pitch != 1) return -1;
        index_t start = -1, next = -1;
        for (int r = 0; r < runs.count; ++r) {
            const PositionRun& run = runs.run[r];
            if (run.first + run.count <= from || run.first >= to) continue;
            const index_t at = run.target + (run.first < from ? from - run.first : 0);
            if (start >= 0 && at != next) return -1;
            if (start < 0) start = at;
            next = run.target + run.count;
        }
        return start;
    }

    index_t product_offset(index_t tile) const {
        return tile * width * (last_channel - first_channel);
    }

    // Where the columns of a tile are packed for these terms.
    T* columns_of(index_t tile, index_t first, index_t last) const {
        return columns + packer.offset(tile, block.shared ? first : 0, last - first);
    }

    // `block.target_channels` target channels from `channel` on.
    void multiply(index_t tile, index_t place, index_t first, index_t last, index_t channel,
                  bool accumulate) const {
        const index_t depth = last - first,
                      end = smaller(channel + block.target_channels, last_channel);
        const index_t pitch = place < 0 ? width : problem.target_channel_pitch;
        T* to = place < 0 ? product + product_offset(tile) - first_channel * pitch : target + place;
        const bool lies = !block.shared && channel == first_channel && packer.lies(tile);
        const Columns<T> read{columns_of(tile, first, last),
                              lies ? packer.place(tile, first) : nullptr,
                              problem.source_channel_pitch};
        const int vectors = packer.vectors(tile);
        Ahead ahead = look_ahead(tile, channel, last);
        for (index_t k = channel; k < end; k += CHANNEL_ROWS) {
            ahead.fetch();
            const index_t rows = smaller(CHANNEL_ROWS, end - k);
            multiply_for<T>(int(rows), vectors, lies && k == first_channel)(
                depth, factors(k, rows, first, depth), read, to + k * pitch, pitch, accumulate);
        }
    }

    // The weight of `rows` target channels for `depth` terms.
    Factors<T> factors(index_t channel, index_t rows, index_t first, index_t depth) const {
        if (!block.in_place)
            return {weight + first * problem.target_channels + channel * depth, 1, rows};
        const index_t pitch = problem.weight_target_pitch, step = problem.weight_source_pitch;
        return {weight + channel * pitch + first * step, pitch, step};
    }

    // What the next terms, or the next block, read for this tile: fetched into the cache while this
    // one is worked on.
    struct Ahead {
        const T* from;
        index_t channels, pitch, each;

        ALWAYS_INLINE inline void fetch() {
            const index_t count = smaller(each, channels);
            for (index_t c = 0; c < count; ++c, from += pitch) {
                __builtin_prefetch(from);
                __builtin_prefetch(from + width - 1);
            }
            channels -= count;
        }
    };

    // Only with one tap: several find most of it there (64 to 256 channels of 56 x 56, gradient
    // with respect to the input, AMD Zen 3, 2026: 0.92 of the time; 64 channels, 3 x 3: 1.05).
    Ahead look_ahead(index_t tile, index_t channel, index_t last) const {
        const TapLoads& loads = packer.tap_loads[tile];
        const index_t all = problem.source_channels, pitch = problem.source_channel_pitch;
        if (block.shared || tap_count(problem) > 1 || loads.pieces != 1 || channel > first_channel)
            return {};
        const index_t next = last < all ? last : 0;
        const index_t distance = next > 0 ? next * pitch : runs.positions * position_step(problem);
        const index_t channels = smaller(block.depth, all - next);
        const index_t targets = smaller(block.target_channels, last_channel - channel);
        const index_t panels = quotient(targets, CHANNEL_ROWS);
        return {packer.source + loads.from[0][0] + distance, channels, pitch,
                quotient(channels, panels)};
    }

    void scatter(index_t tile, const T* evens) const {
        const index_t from = packer.start(tile);
        const index_t to = smaller(packer.start(tile + 1), runs.positions);
        const index_t step = problem.axis[problem.axes - 1].target_pitch;
        for (int r = 0; r < runs.count; ++r) {
            const PositionRun& run = runs.run[r];
            const index_t low = run.first < from ? from : run.first;
            const index_t count = smaller(run.first + run.count, to) - low;
            if (count <= 0) continue;
            const index_t place = product_offset(tile) + low - from;
            T* const line = target + run.target + (low - run.first) * step +
                            first_channel * problem.target_channel_pitch;
            if (evens) {
                join_run(evens + place, product + place, count, line - 1);
            } else if (block.spread_rows) {
                spread_run(product + place, count, line);
            } else {
                scatter_run(product + place, count, step, line);
            }
        }
    }

    // What is written is fetched so many channels before where it is not side by side.
    static constexpr index_t CHANNELS_AHEAD = 6;

    ALWAYS_INLINE static inline void fetch(const T* to, index_t size) {
        for (index_t i = 0; i < size; i += 64 / index_t(sizeof(T))) __builtin_prefetch(to + i, 1);
    }

    void scatter_run(const T* sum, index_t count, index_t step, T* to) const {
        const index_t pitch = problem.target_channel_pitch;
        for (index_t k = first_channel; k < last_channel; ++k, sum += width, to += pitch) {
            if (step == 1) {
                copy_spaced(sum, 1, count, to);
                continue;
            }
            fetch(to + CHANNELS_AHEAD * pitch, count * step);
            for (index_t i = 0; i < count; ++i) to[i * step] = sum[i];
        }
    }

    void join_run(const T* even, const T* odd, index_t count, T* to) const {
        const index_t pitch = problem.target_channel_pitch;
        for (index_t k = first_channel; k < last_channel; ++k, to += pitch) {
            fetch(to + CHANNELS_AHEAD * pitch, 2 * count);
            join_pairs(even, odd, count, to);
            even += width;
            odd += width;
        }
    }

    // With the zeros between them, so that what is written comes and goes once (256 to 512 channels
    // of 56 x 56, 1 x 1 stride 2, AMD Zen 3, 2026: 0.93 of the time; 64 of 16000: 0.77).
    void spread_run(const T* sum, index_t count, T* to) const {
        static constexpr T zeros[width] = {};
        const index_t row = 2 * problem.axis[problem.axes - 1].count;
        const index_t pitch = problem.target_channel_pitch;
        for (index_t k = first_channel; k < last_channel; ++k, sum += width, to += pitch) {
            for (index_t r = 0; r < block.spread_rows; ++r)
                fetch(to + CHANNELS_AHEAD * pitch + r * row, 2 * count);
            join_pairs(sum, zeros, count, to);
            for (index_t r = 1; r < block.spread_rows; ++r) clear_run(2 * count, to + r * row);
        }
    }
};

// One behind the last element of the source.
inline index_t source_size(const Correlation& problem) {
    index_t last = (problem.groups * problem.source_channels - 1) * problem.source_channel_pitch;
    for (int a = 0; a < problem.axes; ++a)
        last += (problem.axis[a].extent - 1) * problem.axis[a].source_pitch;
    return last + 1;
}

// Task `number` of all: some target channels at a block of positions of a group.
struct Task {
    index_t group, block;
    index_t first, last;  // positions
    index_t first_channel, last_channel;
};

template <class T>
Task task_at(const Correlation& problem, const Blocking& block, index_t positions, index_t number) {
    constexpr index_t width = tile_width<T>;
    const index_t tiles = quotient(positions, width);
    const index_t panels = quotient(problem.target_channels, CHANNEL_ROWS);
    const index_t part = number % block.panel_tasks, rest = number / block.panel_tasks;
    const index_t place = rest % block.blocks;
    return {rest / block.blocks,
            place,
            share(tiles, block.blocks, place) * width,
            smaller(positions, share(tiles, block.blocks, place + 1) * width),
            share(panels, block.panel_tasks, part) * CHANNEL_ROWS,
            smaller(problem.target_channels,
                    share(panels, block.panel_tasks, part + 1) * CHANNEL_ROWS)};
}

// What a thread has of the workspace, behind what is shared: `products` of so many parts.
template <class T>
struct Buffers {
    T *columns, *products;
    TapLoads* tap_loads;

    Buffers(const Correlation& problem, const Blocking& block, int parts, T* workspace, int thread)
        : columns(workspace + problem.groups * block.blocks * block.shared +
                  (block.columns + parts * block.product + block.loads) * thread),
          products(columns + block.columns),
          tap_loads(reinterpret_cast<TapLoads*>(products + parts * block.product)) {}
};

// Elements from one group's weight to the next one's.
inline index_t weight_pitch(const Correlation& problem, const Blocking& block) {
    return block.in_place ? problem.weight_group_pitch
                          : term_count(problem) * problem.target_channels;
}

inline index_t position_count(const Correlation& problem) {
    index_t positions = 1;
    for (int a = 0; a < problem.axes; ++a) positions *= problem.axis[a].count;
    return positions;
}

// Where the columns of a block stand that are packed for all tasks.
template <class T>
T* shared_columns(const Blocking& block, const Task& task, T* workspace) {
    return workspace + (task.group * block.blocks + task.block) * block.shared;
}

// What a task reads.
template <class T>
SourcePacker<T> packer_of(const Correlation& problem, const PositionRuns& runs, const Task& task,
                          const T* source, TapLoads* tap_loads) {
    const index_t before = task.group * problem.source_channels * problem.source_channel_pitch;
    return {problem, runs, source, source + source_size(problem), source + before, tap_loads};
}

// Packs the columns of all blocks, which have one tap, depth by depth.
template <class T>
void pack_shared(const Correlation& problem, const Blocking& block, const T* source, T* workspace,
                 int threads) {
    const index_t positions = position_count(problem), terms = problem.source_channels;
    const index_t depths = quotient(terms, block.depth);
    parallel(threads, problem.groups * block.blocks * depths, 1, [&](Share& own) {
        const Buffers<T> buffers(problem, block, 1, workspace, own.thread);
        for (index_t i; next(own, i);) {
            const Task at = task_at<T>(problem, block, positions, i / depths * block.panel_tasks);
            const PositionRuns runs(problem, block, at.first, at.last);
            const auto packer = packer_of(problem, runs, at, source, buffers.tap_loads);
            packer.list();
            const index_t first = i % depths * block.depth,
                          last = smaller(terms, first + block.depth);
            packer.pack_all(first, last, shared_columns(block, at, workspace));
        }
    });
}

// Two parts differ in where their positions stand, and in their taps.
template <class T>
void correlate(const Part<T>* part, int parts, const T* source, T* target, T* workspace,
               int threads) {
    const Correlation& whole = *part->problem;
    const Blocking& block = *part->block;
    const index_t positions = position_count(whole);
    const index_t tasks = whole.groups * block.blocks * block.panel_tasks;
    if (block.shared) pack_shared(whole, block, source, workspace, threads);
    parallel(threads, tasks, 1, [&](Share& own) {
        const Buffers<T> buffers(whole, block, parts, workspace, own.thread);
        for (index_t i; next(own, i);) {
            const Task at = task_at<T>(whole, block, positions, i);
            for (int p = 0; p < parts; ++p) {
                const Correlation& problem = *part[p].problem;
                const PositionRuns runs(problem, *part[p].block, at.first, at.last);
                const auto packer = packer_of(problem, runs, at, source, buffers.tap_loads);
                const BlockTask<T> task{
                    problem,
                    *part[p].block,
                    runs,
                    packer,
                    part[p].weight + at.group * weight_pitch(problem, *part[p].block),
                    target + at.group * problem.target_channels * problem.target_channel_pitch,
                    at.first_channel,
                    at.last_channel,
                    block.shared ? shared_columns(block, at, workspace) : buffers.columns,
                    buffers.products + p * block.product};
                task.run();
                if (p + 1 == parts) task.scatter(p > 0 ? buffers.products : nullptr);
            }
        }
    });
}

}  // namespace
}  // namespace convcore::gemm_positions
