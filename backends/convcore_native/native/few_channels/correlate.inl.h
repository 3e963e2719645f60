// Correlations with few channels: a task fills its band once and runs all stride phases over it.
#pragma once
#include "few_channels/band.inl.h"
#include "few_channels/channel_tiles.inl.h"
#include "few_channels/row_tiles.inl.h"
#include "machine/parallel.inl.h"

namespace convcore::few_channels {
namespace {

static_assert(PANEL_ROWS <= TILE_LINES && SLIDE_ROWS <= TILE_LINES && SHORT_ROWS <= TILE_LINES);

// Panels of target channels share a register tile; one channel alone fills it with target rows.
inline index_t channel_panels(const Band& band) {
    return quotient(band.target_channels, PANEL_ROWS);
}

// Order: phase, group, panel of channels, plane, tap, channel. Returns whether all is finite.
template <class T>
bool pack_weight(const Band& band, const T* weight, T* packed, int threads) {
    const index_t panels = channel_panels(band);
    const index_t phases = band.row_phases * band.column_phases;
    const index_t tasks = phases * band.groups;
    Found spoilt;
    parallel_for(threads, tasks, few_of(tasks, threads), [&](index_t i, int) {
        const index_t g = i % band.groups;
        const BandPhase& phase = band.phase[i / band.groups];
        const index_t taps = phase.row_taps * phase.column_taps;
        const index_t size = band.outer_taps * band.source_channels * taps;
        T* const begin = packed + phase.packed_start + g * size * band.target_channels;
        T* to = begin;
        for (index_t panel = 0; panel < panels; ++panel) {
            const index_t first = share(band.target_channels, panels, panel);
            const index_t last = share(band.target_channels, panels, panel + 1);
            for (index_t plane = 0; plane < band.outer_taps * band.source_channels; ++plane) {
                const T* from = weight + g * band.weight_group_pitch +
                                outer_weight_offset(band, plane / band.source_channels) +
                                plane % band.source_channels * band.weight_source_pitch;
                for (index_t t = 0; t < taps; ++t)
                    for (index_t k = first; k < last; ++k)
                        *to++ = from[phase.weight_offset[t] + k * band.weight_target_pitch];
            }
        }
        spoilt.set(!all_finite(begin, to - begin));
    });
    return !spoilt;
}

template <class T>
struct BandTask {
    const Band& band;
    const T* packed;
    T* target;  // of the group, at its position of the outer axes
    const T* planes;
    T* lines;  // of the column phases, before they are interleaved
    const int* list;
    int count;
    Block block;
    Ahead<T> ahead;

    index_t columns(const BandPhase& phase) const {
        return smaller(block.column_end, phase.columns) - block.column;
    }

    // How the target rows of the only channel read the band.
    Rows kind(const BandPhase& phase) const {
        if (!phase.sliding) return APART;
        return SHORT_ROWS > 0 && phase.row_taps <= FEW_ROW_TAPS ? SLIDING_FEW_TAPS : SLIDING;
    }

    // Runs the tiles of `lines` target channels, or of `lines` target rows of the only channel.
    void run_lines(const BandPhase& phase, index_t row, index_t channel, int lines, T* to,
                   index_t pitch) const {
        constexpr index_t lanes = Simd<T>::lanes;
        const bool one_channel = band.target_channels == 1, slides = one_channel && phase.sliding;
        const index_t taps = phase.row_taps * phase.column_taps, length = columns(phase);
        const index_t depth = band.outer_taps * band.source_channels * taps;
        PositionTile<T> tile;
        tile.plane = list;
        tile.planes = count;
        tile.plane_size = band.plane_size;
        tile.weight =
            packed + phase.packed_start + (block.group * band.target_channels + channel) * depth;
        tile.taps = taps;
        tile.tap_offset = phase.tap_offset;
        tile.line = band.row.step * band.line_length;
        tile.band = planes + (row - block.row) * tile.line +
                    (slides ? (phase.first_row - band.row.low) * band.line_length : 0);
        tile.to = to;
        tile.to_pitch = pitch;
        tile.length = length < lanes ? lanes : length;
        tile.row_taps = phase.row_taps;
        tile.column_taps = phase.column_taps;
        tile.column_offset = phase.column_offset;
        if (slides) limit(phase, row, lines, &tile);
        const RunTile<T> run = one_channel ? rows_for<T>(kind(phase), int(phase.row_taps), lines)
                                           : channels_for<T>(lines);
        if (length >= lanes) {
            run(tile);
        } else {
            run_narrow(run, lines, length, tile);
        }
    }

    // What lies inside; sliding rows have step 1, but columns need not.
    void limit(const BandPhase& phase, index_t row, int lines, PositionTile<T>* tile) const {
        const index_t top = row + phase.first_row, left = block.column + band.column.low;
        const bool neighbours = band.column.step == 1;
        tile->first_line = top < 0 ? -top : 0;
        tile->last_line = smaller(lines + phase.row_taps - 1, band.row.extent - top);
        tile->first_column = neighbours ? -left : 0;
        tile->last_column = neighbours ? band.column.extent - left : INT64_MAX;
    }

    // A tile narrower than a vector goes through one of full width.
    void run_narrow(RunTile<T> run, int lines, index_t width, PositionTile<T>& tile) const {
        constexpr int lanes = Simd<T>::lanes;
        T full[TILE_LINES * lanes];
        T* const to = tile.to;
        const index_t pitch = tile.to_pitch;
        tile.to = full;
        tile.to_pitch = lanes;
        run(tile);
        for (int i = 0; i < lines; ++i) copy_spaced(full + i * lanes, 1, width, to + i * pitch);
    }

    // The lines of all column phases, which interleave in the target.
    ALWAYS_INLINE inline void run_phases(const BandPhase* phase, index_t row, index_t channel,
                                         int count) const {
        const bool one_channel = band.target_channels == 1;
        const index_t pitch = one_channel ? band.row.target_pitch : band.target_channel_pitch;
        const index_t step = band.column.target_pitch;
        const index_t offset =
            channel * band.target_channel_pitch + row * band.row.target_pitch + block.column * step;
        if (step == 1) {
            if (columns(phase[0]) > 0)
                run_lines(phase[0], row, channel, count, target + phase[0].target_start + offset,
                          pitch);
            return;
        }
        for (index_t i = 0; i < band.column_phases; ++i)
            if (columns(phase[i]) > 0)
                run_lines(phase[i], row, channel, count, lines + i * TILE_LINES * band.column.block,
                          band.column.block);
        for (int i = 0; i < count; ++i) interleave(phase, i, target + offset + i * pitch);
    }

    void interleave(const BandPhase* phase, int line, T* to) const {
        const index_t step = band.column.target_pitch;
        const T* from = lines + line * band.column.block;
        if (step == 2 && band.column_phases == 2) return interleave_pair(phase, from, to);
        for (index_t i = 0; i < band.column_phases; ++i) {
            const index_t length = columns(phase[i]);
            T* place = to + phase[i].target_start;
            for (index_t j = 0; j < length; ++j) place[j * step] = from[j];
            from += TILE_LINES * band.column.block;
        }
    }

    void interleave_pair(const BandPhase* phase, const T* from, T* to) const {
        const index_t pairs = columns(phase[1]);
        to += phase[0].target_start;
        join_pairs(from, from + TILE_LINES * band.column.block, pairs, to);
        if (pairs < columns(phase[0])) to[2 * pairs] = from[pairs];
    }

    void run() const {
        if (band.target_channels == 1) {
            run_channel();
        } else {
            run_channels();
        }
    }

    // Some rows of all phases at a time, which lie side by side in the target (56 x 56 by stride 2,
    // gradient with respect to the input, AMD Zen 3, 2026: 0.92 of the time).
    void run_channel() const {
        index_t most = TILE_LINES, count = 0;
        for (int i = 0; i < band.row_phases * band.column_phases; ++i)
            most = smaller(most, most_rows(kind(band.phase[i])));
        for (index_t row = block.row; row < block.row_end; row += count) {
            count = portion(block.row_end - row, most);
            ahead.fetch((row - block.row) * band.row.step, count * band.row.step);
            fetch_target(row, count);
            for (index_t i = 0; i < band.row_phases; ++i) {
                const BandPhase* phase = band.phase + i * band.column_phases;
                const index_t rows = smaller(count, phase->rows - row);
                if (rows > 0) run_phases(phase, row, 0, int(rows));
            }
        }
    }

    // So that no store waits for its line (depthwise 7 x 7, AMD Zen 3, 2026: 0.93 of the time).
    // Inlined, since gcc takes a function that only fetches for one that does nothing.
    ALWAYS_INLINE inline void fetch_target(index_t row, index_t count) const {
        if (band.column.target_pitch > 1) return;
        const T* to = target + band.phase->target_start + block.column;
        const index_t length = block.column_end - block.column;
        for (index_t end = row + count; row < end; ++row)
            for (index_t i = 0; i < length; i += 64 / index_t(sizeof(T)))
                __builtin_prefetch(to + row * band.row.target_pitch + i, 1);
    }

    void run_channels() const {
        const index_t panels = channel_panels(band);
        for (index_t i = 0; i < band.row_phases; ++i) {
            const BandPhase* phase = band.phase + i * band.column_phases;
            const index_t end = smaller(block.row_end, phase->rows);
            for (index_t panel = 0; panel < panels; ++panel) {
                const index_t channel = share(band.target_channels, panels, panel);
                const index_t next = share(band.target_channels, panels, panel + 1);
                for (index_t row = block.row; row < end; ++row)
                    run_phases(phase, row, channel, int(next - channel));
            }
        }
    }
};

template <class T>
void correlate(const Band& band, const T* source, const T* packed, T* target, T* workspace,
               int threads) {
    const index_t tasks = band.groups * block_count(band);
    const index_t together = tasks_together(tasks, threads);
    parallel(threads, tasks, together, [&](Share& own) {
        T* planes = workspace + band.workspace * own.thread;
        T* lines = planes + band.source_channels * band.outer_taps * band.plane_size;
        int* list =
            reinterpret_cast<int*>(lines + band.column_phases * TILE_LINES * band.column.block);
        for (index_t i; next(own, i);) {
            const Block block = block_at(band, i % band.groups, i / band.groups);
            const int count = fill_band(band, source, block, planes, list);
            const Ahead<T> ahead = i + 1 < tasks ? look_ahead(band, source, i + 1) : Ahead<T>{};
            T* to = target + block_target_offset(band, block);
            BandTask<T>{band, packed, to, planes, lines, list, count, block, ahead}.run();
        }
    });
}

}  // namespace
}  // namespace convcore::few_channels
