// The weight gradient with few channels: sums over target positions, with positions as lanes.
#pragma once
#include "few_channels/band.inl.h"
#include "few_channels/tiles.inl.h"
#include "machine/parallel.inl.h"

namespace convcore::few_channels {
namespace {

constexpr int GRADIENT_ROWS = TILES.few_channels.gradient_rows;

// What rows that are run together may read: a little more than the level 1 cache holds, since no
// tap reads all of it (112 x 112 from 3 channels, 7 x 7 by stride 2, AMD Zen 3, 2026: 0.88 of the
// time).
constexpr index_t ROWS_BYTES = 40 << 10;

// Weights of a tile that belong to one target channel. Each tap needs a pointer of its own, which
// limits them where there is one channel only.
constexpr int gradient_taps(int rows) { return rows == 1 ? 10 : SUMS / rows > 7 ? 7 : SUMS / rows; }

// What a tile reads at `lines` target rows of `width` positions each, at least a vector. Where they
// end with a part of one, a whole one at their end is read, and what is not zero in `rest` kept.
template <class T>
struct GradientTile {
    const T* target;
    index_t target_line, target_channel;
    const T* source;
    index_t source_line;
    const index_t* offset;  // of each tap, in the band
    index_t lines, width;
    vec<T> rest;
    T* to;  // results, one channel after the other
    index_t to_pitch;
};

// The sums of the lanes of as many vectors as one has lanes.
template <class T, int distance = 1>
inline vec<T> sums_of_lanes(vec<T>* value) {
    constexpr int lanes = Simd<T>::lanes;
    if constexpr (distance == lanes) {
        return value[0];
    } else {
        const typename Count<lanes>::type all;
#pragma GCC unroll 8
        for (int i = 0; i < lanes / distance / 2; ++i) {
            const vec<T> a = value[2 * i], b = value[2 * i + 1];
            value[i] = upper<distance>(a, b, all) + lower<distance>(a, b, all);
        }
        return sums_of_lanes<T, distance * 2>(value);
    }
}

template <class T, bool masked>
inline vec<T> load_kept(const T* from, vec<T> keep) {
    if constexpr (masked) return keep != vec<T>{} ? load(from) : vec<T>{};
    return load(from);
}

// Of rows and taps, those of which there are fewer stay in registers.
template <class T, bool masked, int rows, int taps>
inline void add_products(vec<T> (&sum)[rows][taps], const T* target, index_t target_channel,
                         const T* const (&source)[taps], index_t at, vec<T> keep) {
    if constexpr (rows > taps) {
        vec<T> column[taps];
#pragma GCC unroll 16
        for (int t = 0; t < taps; ++t) column[t] = load(source[t] + at);
#pragma GCC unroll 4
        for (int i = 0; i < rows; ++i) {
            const vec<T> row = load_kept<T, masked>(target + i * target_channel, keep);
#pragma GCC unroll 16
            for (int t = 0; t < taps; ++t) sum[i][t] += product<T>(column[t], row);
        }
    } else {
        vec<T> row[rows];
#pragma GCC unroll 4
        for (int i = 0; i < rows; ++i)
            row[i] = load_kept<T, masked>(target + i * target_channel, keep);
#pragma GCC unroll 16
        for (int t = 0; t < taps; ++t) {
            const vec<T> column = load(source[t] + at);
#pragma GCC unroll 4
            for (int i = 0; i < rows; ++i) sum[i][t] += product<T>(column, row[i]);
        }
    }
}

// Adds the sums of their lanes to the results.
template <class T, int rows, int taps>
ALWAYS_INLINE inline void add_sums(const vec<T> (&sum)[rows][taps], T* to, index_t pitch) {
    constexpr int lanes = Simd<T>::lanes, count = (rows * taps + lanes - 1) / lanes;
    T total[count * lanes];
#pragma GCC unroll 16
    for (int first = 0; first < count; ++first) {
        vec<T> some[lanes];
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) {
            const int at = first * lanes + i;
            some[i] = at < rows * taps ? sum[at / taps][at % taps] : vec<T>{};
        }
        store(total + first * lanes, sums_of_lanes<T>(some));
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 16
        for (int t = 0; t < taps; ++t) to[i * pitch + t] += total[i * taps + t];
}

template <class T, int rows, int taps>
void gradient_tile(const GradientTile<T>& tile) {
    constexpr int lanes = Simd<T>::lanes;
    vec<T> sum[rows][taps] = {};
    const vec<T> rest = tile.rest;
    const index_t last = tile.width - lanes;
    for (index_t line = 0; line < tile.lines; ++line) {
        const T* target = tile.target + line * tile.target_line;
        const T* source[taps];
#pragma GCC unroll 16
        for (int t = 0; t < taps; ++t)
            source[t] = tile.source + line * tile.source_line + tile.offset[t];
        index_t at = 0;
        for (; at <= last; at += lanes)
            add_products<T, false>(sum, target + at, tile.target_channel, source, at, rest);
        if (at < last + lanes)
            add_products<T, true>(sum, target + last, tile.target_channel, source, last, rest);
    }
    add_sums<T, rows, taps>(sum, tile.to, tile.to_pitch);
}

template <class T>
using RunGradient = void (*)(const GradientTile<T>&);

template <class T, int rows = GRADIENT_ROWS, int taps = gradient_taps(rows)>
inline RunGradient<T> gradient_for(int wanted, int wanted_taps) {
    if (wanted == rows && wanted_taps == taps) return gradient_tile<T, rows, taps>;
    if constexpr (taps > 1) {
        if (wanted == rows) return gradient_for<T, rows, taps - 1>(wanted, wanted_taps);
    }
    if constexpr (rows > 1) return gradient_for<T, rows - 1>(wanted, wanted_taps);
    return nullptr;
}

template <class T>
struct BandGradientTask {
    const Band& band;
    const T* target;  // of the block's group
    T* planes;
    T* short_rows;
    T* sums;  // [target channel][plane][tap]
    int* list;

    index_t depth() const {
        const BandPhase& phase = *band.phase;
        return band.outer_taps * band.source_channels * phase.row_taps * phase.column_taps;
    }

    // Rows shorter than a vector, with zeros behind them.
    void fill_short(const T* from, index_t lines, index_t width) const {
        T* to = short_rows;
        for (index_t k = 0; k < band.target_channels; ++k)
            for (index_t line = 0; line < lines; ++line, to += Simd<T>::lanes) {
                store(to, vec<T>{});
                copy_spaced(from + k * band.target_channel_pitch + line * band.row.target_pitch, 1,
                            width, to);
            }
    }

    // How many rows of `width` positions are run with all taps before the next ones.
    index_t rows_together(index_t rows, index_t width) const {
        const index_t span = band.row.high - band.row.low + 1 - band.row.step;
        const index_t channels = smaller(band.target_channels, GRADIENT_ROWS);
        const index_t each = band.row.step * band.line_length + channels * width;
        const index_t rest = ROWS_BYTES / index_t(sizeof(T)) - span * band.line_length;
        return quotient(rows, quotient(rows, rest < 4 * each ? 4 : rest / each));
    }

    void run_plane(GradientTile<T> tile, index_t line, int plane) const {
        const index_t taps = band.phase->row_taps * band.phase->column_taps;
        const T* const target_begin = tile.target + line * tile.target_line;
        tile.source = planes + plane * band.plane_size + line * tile.source_line;
        int rows = 0, count = 0;
        for (index_t first = 0; first < band.target_channels; first += rows) {
            rows = int(portion(band.target_channels - first, GRADIENT_ROWS));
            tile.target = target_begin + first * tile.target_channel;
            for (index_t tap = 0; tap < taps; tap += count) {
                count = int(portion(taps - tap, gradient_taps(rows)));
                tile.offset = band.phase->tap_offset + tap;
                tile.to = sums + first * tile.to_pitch + list[plane] * taps + tap;
                gradient_for<T>(rows, count)(tile);
            }
        }
    }

    void run(const T* source, const Block& block) const {
        constexpr int lanes = Simd<T>::lanes;
        const int count = fill_band(band, source, block, planes, list);
        const index_t width = block.column_end - block.column;
        GradientTile<T> tile{};
        const index_t rows = block.row_end - block.row, together = rows_together(rows, width);
        tile.width = width < lanes ? lanes : width;
        tile.target = target + outer_target_offset(band, block.outer) +
                      block.row * band.row.target_pitch + block.column;
        tile.target_line = band.row.target_pitch;
        tile.target_channel = band.target_channel_pitch;
        tile.source_line = band.row.step * band.line_length;
        tile.to_pitch = depth();
        for (index_t i = 0; i < lanes; ++i) tile.rest[i] = T(i >= lanes - width % lanes);
        if (width < lanes) {
            fill_short(tile.target, rows, width);
            tile.target = short_rows;
            tile.target_line = lanes;
            tile.target_channel = rows * lanes;
        }
        for (int plane = 0; plane < count; ++plane)
            for (index_t line = 0; line < rows; line += tile.lines) {
                tile.lines = smaller(together, rows - line);
                run_plane(tile, line, plane);
            }
    }

    // From the order of the band to that of the weight.
    void spread(index_t group, T* weight) const {
        const index_t taps = band.phase->row_taps * band.phase->column_taps;
        const T* from = sums;
        for (index_t k = 0; k < band.target_channels; ++k)
            for (index_t plane = 0; plane < band.outer_taps * band.source_channels; ++plane) {
                T* to = weight + group * band.weight_group_pitch + k * band.weight_target_pitch +
                        outer_weight_offset(band, plane / band.source_channels) +
                        plane % band.source_channels * band.weight_source_pitch;
                for (index_t t = 0; t < taps; ++t) to[band.phase->weight_offset[t]] = *from++;
            }
    }
};

// `workspace` holds band.gradient_workspace elements for each thread, and the results of all slices
// but the first. The slices decide the order of the sum.
template <class T>
void weight_gradient(const Band& band, index_t slices, const T* target, const T* source, T* weight,
                     T* workspace, int threads) {
    const index_t blocks = block_count(band);
    const index_t result = band.groups * band.weight_group_pitch;
    T* const results = workspace + band.gradient_workspace * threads;
    parallel(threads, band.groups * slices, 1, [&](Share& own) {
        T* planes = workspace + band.gradient_workspace * own.thread;
        BandGradientTask<T> task{band, target, planes, nullptr, nullptr, nullptr};
        task.short_rows = planes + band.source_channels * band.outer_taps * band.plane_size;
        task.sums = task.short_rows + band.target_channels * band.row.block * Simd<T>::lanes;
        const index_t size = band.target_channels * task.depth();
        task.list = reinterpret_cast<int*>(task.sums + round_up(size, 4));
        for (index_t i; next(own, i);) {
            const index_t group = i % band.groups, slice = i / band.groups;
            task.target = target + group * band.target_channels * band.target_channel_pitch;
            clear_run(size, task.sums);
            const index_t last = share(blocks, slices, slice + 1);
            for (index_t b = share(blocks, slices, slice); b < last && !interrupted(own); ++b)
                task.run(source, block_at(band, group, b));
            task.spread(group, slice == 0 ? weight : results + (slice - 1) * result);
        }
    });
    for (index_t s = 1; s < slices; ++s)
        for (index_t i = 0; i < result; ++i) weight[i] += results[(s - 1) * result + i];
}

}  // namespace
}  // namespace convcore::few_channels
