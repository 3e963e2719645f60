// The band: what a block of target positions reads, with zeros for padding; see kernels.h.
#pragma once
#include "few_channels/kernels.h"
#include "problem/integers.h"
#include "simd/copy.inl.h"

namespace convcore::few_channels {
namespace {

// A block of target positions of one group at one position of the outer axes.
struct Block {
    index_t group, outer;
    index_t row, row_end, column, column_end;
};

inline index_t block_count(const Band& band) {
    return band.outer_positions * quotient(band.row.count, band.row.block) *
           quotient(band.column.count, band.column.block);
}

inline Block block_at(const Band& band, index_t group, index_t i) {
    const BandAxis &rows = band.row, &columns = band.column;
    if (i == 0)  // without divisions, which take as long as a small block
        return {
            group, 0, 0, smaller(rows.block, rows.count), 0, smaller(columns.block, columns.count)};
    const index_t across = quotient(band.column.count, band.column.block);
    const index_t down = quotient(band.row.count, band.row.block);
    const index_t column = i % across * band.column.block;
    const index_t row = i / across % down * band.row.block;
    return {group,  i / across / down,
            row,    smaller(row + band.row.block, band.row.count),
            column, smaller(column + band.column.block, band.column.count)};
}

// Where the outer axes put position `outer` of the target.
inline index_t outer_target_offset(const Band& band, index_t outer) {
    index_t offset = 0;
    for (int a = band.outer_axes - 1; a >= 0; --a) {
        offset += outer % band.outer[a].count * band.outer[a].target_pitch;
        outer /= band.outer[a].count;
    }
    return offset;
}

// Where the outer axes read for position `outer` and tap `tap`; -1 if outside.
inline index_t outer_source_offset(const Band& band, index_t outer, index_t tap) {
    index_t offset = 0;
    for (int a = band.outer_axes - 1; a >= 0; --a) {
        const Axis& axis = band.outer[a];
        const index_t at = outer % axis.count * axis.step + axis.shift[tap % axis.taps];
        if (at < 0 || at >= axis.extent) return -1;
        offset += at * axis.source_pitch;
        outer /= axis.count;
        tap /= axis.taps;
    }
    return offset;
}

// Where a block of the target begins, but for its rows and columns.
inline index_t block_target_offset(const Band& band, const Block& block) {
    return block.group * band.target_channels * band.target_channel_pitch +
           outer_target_offset(band, block.outer);
}

// Tasks that a thread takes at a time: some, so that it knows what it works on next.
inline index_t tasks_together(index_t tasks, int threads) {
    return smaller(8, tasks / (16 * threads) + 1);
}

inline index_t outer_weight_offset(const Band& band, index_t tap) {
    index_t offset = 0;
    for (int a = band.outer_axes - 1; a >= 0; --a) {
        offset += band.outer[a].weight_offset[tap % band.outer[a].taps];
        tap /= band.outer[a].taps;
    }
    return offset;
}

// Whole vectors that reach over the ends of what is going to stand between `first` and `last`.
template <class T>
inline void clear_ends(T* to, index_t first, index_t last, index_t length) {
    constexpr int lanes = Simd<T>::lanes;
    for (index_t i = 0; i < first; i += lanes) store(to + i, vec<T>{});
    for (index_t i = length - lanes; i >= 0 && i + lanes > last; i -= lanes)
        store(to + i, vec<T>{});
}

// `count` lines from `line` on, of which those up to `begin` and from `end` on lie outside.
struct LineRange {
    index_t count, begin, end;
};

// Entry j of a slot holds column origin + j * step of the source; first .. last - 1 lie inside.
struct SlotRange {
    index_t origin, first, last;
};

inline SlotRange slot_range(const Band& band, index_t column, index_t length, index_t slot) {
    const index_t step = band.column.step;
    const index_t origin = (column + band.column.low) * step + band.slot_phase[slot];
    const index_t inside = band.column.extent - origin;
    if (inside <= 0) return {origin, 0, 0};
    const index_t first = origin >= 0 ? 0 : step == 1 ? -origin : quotient(-origin, step);
    const index_t last = smaller(length, step == 1 ? inside : quotient(inside, step));
    return first < last ? SlotRange{origin, first, last} : SlotRange{origin, 0, 0};
}

// Calls fill(source of entry `first` of a slot, place of its entry 0) for every line inside.
template <class T, class Fill>
inline void visit_lines(const Band& band, const LineRange& lines, const SlotRange& range,
                        const T* source, T* to, Fill fill) {
    // Known not to change by what is stored.
    const index_t to_pitch = band.line_length, pitch = band.row.pitch, end = lines.end;
    const T* from = source + range.origin + range.first * band.column.step + lines.begin * pitch;
    T* place = to + lines.begin * to_pitch;
    for (index_t line = lines.begin; line < end; ++line, place += to_pitch, from += pitch)
        fill(from, place);
}

// All slots; the two of step 2 together where they begin and end alike (28 x 28 from 56 x 56, 3 x 3
// on AMD Zen 3, 2026: 0.85 of the time).
template <class T>
void fill_slots(const Band& band, const T* source, index_t column, index_t length,
                const LineRange& lines, T* plane) {
    const index_t step = band.column.step, end = band.slot_length;
    SlotRange range = slot_range(band, column, length, 0);
    if (step == 2 && band.slots == 2) {
        const SlotRange second = slot_range(band, column, length, 1);
        if (range.first == second.first && range.last == second.last)
            return visit_lines(band, lines, range, source, plane, [=](const T* from, T* to) {
                clear_ends(to, range.first, range.last, end);
                clear_ends(to + end, range.first, range.last, end);
                split_pairs(from, range.last - range.first, to + range.first,
                            to + end + range.first);
            });
    }
    for (index_t slot = 0; slot < band.slots; ++slot, plane += end) {
        range = slot_range(band, column, length, slot);
        visit_lines(band, lines, range, source, plane, [=](const T* from, T* to) {
            clear_ends(to, range.first, range.last, end);
            copy_spaced(from, step, range.last - range.first, to + range.first);
        });
    }
}

// Rows of the band that lie outside are cleared only if somebody reads them.
template <class T>
void fill_plane(const Band& band, const T* source, const Block& block, T* plane) {
    constexpr int lanes = Simd<T>::lanes;
    const index_t width = quotient(block.column_end - block.column, lanes) * lanes;
    const index_t length = width + band.column.high - band.column.low;
    const index_t low = block.row * band.row.step + band.row.low;
    const index_t high = (block.row_end - 1) * band.row.step + band.row.high;
    LineRange lines{high + 1 - low, low < 0 ? -low : 0, high + 1 - low};
    if (lines.end > band.row.extent - low) lines.end = band.row.extent - low;
    if (lines.begin >= lines.end) lines.begin = lines.end = 0;
    if (!band.skips_rows) {
        clear_run(lines.begin * band.line_length, plane);
        clear_run((lines.count - lines.end) * band.line_length,
                  plane + lines.end * band.line_length);
    }
    source += low * band.row.pitch;
    fill_slots(band, source, block.column, length, lines, plane);
}

// The source of a block, to be fetched into the cache while another one is worked on.
template <class T>
struct Ahead {
    const T* source;  // where the block starts to read
    index_t rows, columns, pitch;

    ALWAYS_INLINE inline void fetch(index_t row, index_t count) const {
        const index_t end = smaller(rows, row + count);
        for (; row < end; ++row)
            for (index_t column = 0; column < columns; column += 64 / index_t(sizeof(T)))
                __builtin_prefetch(source + row * pitch + column, 0, 1);
    }
};

// Nothing where there are several planes, which take longer to work on than to wait for (8 samples
// of 144 channels, 56 x 56, depthwise 3 x 3 when it was copied, AMD Zen 3, 2026: 0.85 of the time).
template <class T>
Ahead<T> look_ahead(const Band& band, const T* source, index_t next) {
    if (band.source_channels * band.outer_taps > 1) return {};
    const Block block = block_at(band, next % band.groups, next / band.groups);
    const index_t offset = outer_source_offset(band, block.outer, 0);
    if (offset < 0) return {};
    const index_t row = block.row * band.row.step, column = block.column * band.column.step;
    return {
        source + block.group * band.source_channel_pitch + offset + row * band.row.pitch + column,
        band.row.extent - row,
        smaller(band.column.extent - column, band.column.block * band.column.step), band.row.pitch};
}

// Fills the planes that are there, side by side, and lists which they are: number
// (outer tap * source channels + channel).
template <class T>
int fill_band(const Band& band, const T* source, const Block& block, T* planes, int* list) {
    source += block.group * band.source_channels * band.source_channel_pitch;
    int count = 0;
    for (index_t tap = 0; tap < band.outer_taps; ++tap) {
        const index_t offset = outer_source_offset(band, block.outer, tap);
        if (offset < 0) continue;
        for (index_t c = 0; c < band.source_channels; ++c) {
            list[count] = int(tap * band.source_channels + c);
            fill_plane(band, source + offset + c * band.source_channel_pitch, block,
                       planes + count * band.plane_size);
            ++count;
        }
    }
    return count;
}

}  // namespace
}  // namespace convcore::few_channels
