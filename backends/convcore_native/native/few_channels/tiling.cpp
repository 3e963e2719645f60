#include "few_channels/tiling.h"

#include <algorithm>
#include <numeric>

#include "few_channels/cost.h"
#include "machine/processor.h"
#include "problem/integers.h"

namespace convcore::few_channels {

namespace {

const index_t ZERO[1] = {0};
const Axis UNIT{1, 1, 1, 1, ZERO, ZERO, 0, 0};

const Axis& rows_of(const Correlation& problem) {
    return problem.axes > 1 ? problem.axis[problem.axes - 2] : UNIT;
}
const Axis& columns_of(const Correlation& problem) { return problem.axis[problem.axes - 1]; }

// Taps in ascending order of their shifts.
std::vector<index_t> ascending(const Axis& axis) {
    std::vector<index_t> order(size_t(axis.taps));
    std::iota(order.begin(), order.end(), index_t(0));
    std::sort(order.begin(), order.end(),
              [&](index_t a, index_t b) { return axis.shift[a] < axis.shift[b]; });
    return order;
}

// Whether the taps read source positions side by side.
bool neighbours(const Axis& axis) {
    const std::vector<index_t> order = ascending(axis);
    for (size_t i = 1; i < order.size(); ++i)
        if (axis.shift[order[i]] - axis.shift[order[0]] != index_t(i)) return false;
    return true;
}

// What there are kernels for that need no copy, and that are the faster ones.
bool straight(const Axis& rows, const Axis& columns, int lanes) {
    if (columns.step > 2 || columns.target_pitch != 1) return false;
    if (!neighbours(columns) || !neighbours(rows)) return false;
    const index_t taps = columns.taps;
    if (taps == 3 && rows.taps == 1) return true;
    if (rows.taps != taps || rows.step != columns.step) return false;
    if (taps == 7 && columns.step == 1) return columns.count <= STRAIGHT_VECTORS * lanes;
    return taps == 3 || taps == 5 || taps == 7;
}

}  // namespace

OwnedBand::OwnedBand(const OwnedCorrelation* first, const OwnedCorrelation* last,
                     index_t column_phases, int lanes, int itemsize) {
    const Correlation& problem = first->problem;
    const Axis &rows = rows_of(problem), &columns = columns_of(problem);
    band.groups = problem.groups;
    band.source_channels = problem.source_channels;
    band.target_channels = problem.target_channels;
    band.source_channel_pitch = problem.source_channel_pitch;
    band.target_channel_pitch = problem.target_channel_pitch;
    band.weight_group_pitch = problem.weight_group_pitch;
    band.weight_target_pitch = problem.weight_target_pitch;
    band.weight_source_pitch = problem.weight_source_pitch;
    band.outer_axes = std::max(problem.axes - 2, 0);
    band.outer_positions = band.outer_taps = 1;
    for (int a = 0; a < band.outer_axes; ++a) {
        band.outer[a] = problem.axis[a];
        band.outer_positions *= problem.axis[a].count;
        band.outer_taps *= problem.axis[a].taps;
    }
    band.row.extent = rows.extent;
    band.row.step = rows.step;
    band.row.pitch = rows.source_pitch;
    band.column.extent = columns.extent;
    band.column.step = columns.step;
    band.row.target_pitch = rows.target_pitch;
    band.column.target_pitch = columns.target_pitch;
    band.column_phases = int(column_phases);
    band.row_phases = int((last - first) / column_phases);
    choose_slots(first, last);
    choose_blocks(lanes, itemsize);
    lay_out(lanes);
    for (const OwnedCorrelation* part = first; part < last; ++part) {
        add_phase(rows_of(part->problem), columns_of(part->problem));
        phases_.back().target_start = part->problem.target_start;
    }
    band.column.first = columns.shift[ascending(columns)[0]];
    band.straight = band.source_channels * band.target_channels * band.outer_taps == 1 &&
                    phases_.size() == 1 && straight(rows, columns, lanes);
    band.plain_weight = plain_weight();
    count_workspace(lanes, itemsize);
    finish();
}

bool OwnedBand::plain_weight() const {
    const std::vector<index_t>& offsets = tables_[0].weight_offset;
    if (tables_.size() > 1 || band.source_channels * band.target_channels * band.outer_taps > 1)
        return false;
    for (size_t t = 0; t < offsets.size(); ++t)
        if (offsets[t] != index_t(t)) return false;
    return band.weight_group_pitch == index_t(offsets.size());
}

// What all phases together read.
void OwnedBand::choose_slots(const OwnedCorrelation* first, const OwnedCorrelation* last) {
    band.row.low = band.column.low = INT64_MAX;
    band.row.high = band.column.high = INT64_MIN;
    for (const OwnedCorrelation* part = first; part < last; ++part) {
        const Axis &rows = rows_of(part->problem), &columns = columns_of(part->problem);
        padded_ = padded_ || part->padded();
        band.row.count = std::max(band.row.count, rows.count);
        band.column.count = std::max(band.column.count, columns.count);
        for (index_t t = 0; t < rows.taps; ++t) {
            band.row.low = std::min(band.row.low, rows.shift[t]);
            band.row.high = std::max(band.row.high, rows.shift[t]);
        }
        for (index_t t = 0; t < columns.taps; ++t) {
            const index_t at = floor_quotient(columns.shift[t], columns.step);
            band.column.low = std::min(band.column.low, at);
            band.column.high = std::max(band.column.high, at);
            slots_.push_back(columns.shift[t] - at * columns.step);
        }
    }
    std::sort(slots_.begin(), slots_.end());
    slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
    band.slots = index_t(slots_.size());
}

index_t OwnedBand::plane(index_t rows, index_t columns, int lanes) const {
    const index_t slot = round_up(columns, lanes) + band.column.high - band.column.low;
    return ((rows - 1) * band.row.step + band.row.high - band.row.low + 1) * band.slots *
           round_up(slot, lanes);
}

// All columns if they fit, for at least as many rows as the halo has; then as many rows as fit.
void OwnedBand::choose_blocks(int lanes, int itemsize) {
    const index_t planes = band.source_channels * band.outer_taps;
    const index_t span = band.row.high - band.row.low;
    const index_t least = std::min(band.row.count, span == 0 ? 1 : std::max<index_t>(span, 4));
    const auto bytes = [&](index_t rows, index_t columns) {
        return double(planes) * double(plane(rows, columns, lanes)) * itemsize;
    };
    const index_t narrow = std::min(round_up(band.column.count, lanes), index_t(8) * lanes);
    const double bound = bytes(least, narrow) <= LEVEL1_BYTES ? double(LEVEL1_BYTES)
                                                              : double(level2_bytes()) * 3 / 8;
    index_t parts = 1, rows = least;
    const auto columns = [&] { return round_up(quotient(band.column.count, parts), lanes); };
    while (bytes(rows, columns()) > bound && columns() > narrow) ++parts;
    band.column.block = columns();
    while (rows > 1 && bytes(rows, band.column.block) > bound) rows = quotient(rows, 2);
    while (rows < band.row.count && bytes(rows + 1, band.column.block) <= bound) ++rows;
    band.row.block = rows;
    const index_t tasks = quotient(FEWEST_BLOCKS, band.groups * blocks());
    if (tasks > 1) rows = std::max(std::min<index_t>(rows, 4), quotient(rows, tasks));
    rows = quotient(band.row.count, quotient(band.row.count, rows));
    band.row.block = rows < 4 ? rows : std::min(band.row.count, round_up(rows, 4));
    fits_ = bytes(band.row.block, band.column.block) <= 2 * double(level2_bytes());
}

void OwnedBand::lay_out(int lanes) {
    band.slot_length =
        round_up(band.column.block, lanes) + round_up(band.column.high - band.column.low, lanes);
    band.line_length = band.slots * band.slot_length;
    band.plane_size = plane(band.row.block, band.column.block, lanes);
}

void OwnedBand::add_phase(const Axis& rows, const Axis& columns) {
    BandPhase phase{};
    Tables tables;
    phase.rows = rows.count;
    phase.columns = columns.count;
    phase.row_taps = rows.taps;
    phase.column_taps = columns.taps;
    const std::vector<index_t> down = ascending(rows), across = ascending(columns);
    phase.first_row = rows.shift[down[0]];
    phase.sliding = rows.step == 1 && rows.taps > 1 && neighbours(rows);
    for (const index_t t : across) {
        const index_t at = floor_quotient(columns.shift[t], columns.step);
        const auto slot =
            std::lower_bound(slots_.begin(), slots_.end(), columns.shift[t] - at * columns.step);
        tables.column_offset.push_back((slot - slots_.begin()) * band.slot_length + at -
                                       band.column.low);
    }
    for (size_t i = 0; i < down.size(); ++i) {
        const index_t shift = rows.shift[down[i]];
        for (size_t j = 0; j < across.size(); ++j) {
            tables.tap_offset.push_back((shift - band.row.low) * band.line_length +
                                        tables.column_offset[j]);
            tables.weight_offset.push_back(rows.weight_offset[down[i]] +
                                           columns.weight_offset[across[j]]);
        }
    }
    phase.packed_start = band.packed_size;
    band.packed_size += round_up(band.groups * band.target_channels * band.source_channels *
                                     band.outer_taps * rows.taps * columns.taps,
                                 16);
    phases_.push_back(phase);
    tables_.push_back(std::move(tables));
}

void OwnedBand::count_workspace(int lanes, int itemsize) {
    const index_t planes = band.source_channels * band.outer_taps;
    const index_t list = quotient(planes * index_t(sizeof(int)), itemsize);
    const index_t size = planes * band.plane_size + list;
    band.skips_rows = band.target_channels == 1;
    for (const BandPhase& phase : phases_)
        band.skips_rows = band.skips_rows && phase.sliding && phase.row_taps > FEW_ROW_TAPS;
    const index_t lines = band.straight ? STRAIGHT_LINES * band.line_length : 0;
    band.workspace =
        round_up(std::max(size + band.column_phases * TILE_LINES * band.column.block, lines), 64);
    const index_t taps = phases_[0].row_taps * phases_[0].column_taps;
    band.gradient_workspace = round_up(size + band.target_channels * band.row.block * lanes +
                                           round_up(band.target_channels * planes * taps, 4),
                                       64);
}

void OwnedBand::finish() {
    for (size_t i = 0; i < phases_.size(); ++i) {
        phases_[i].column_offset = tables_[i].column_offset.data();
        phases_[i].tap_offset = tables_[i].tap_offset.data();
        phases_[i].weight_offset = tables_[i].weight_offset.data();
    }
    band.phase = phases_.data();
    band.slot_phase = slots_.data();
}

index_t OwnedBand::blocks() const {
    return band.outer_positions * quotient(band.row.count, band.row.block) *
           quotient(band.column.count, band.column.block);
}

index_t OwnedBand::depth() const {
    index_t taps = 0;
    for (const BandPhase& phase : phases_)
        taps = std::max(taps, phase.row_taps * phase.column_taps);
    return taps * band.source_channels * band.outer_taps;
}

}  // namespace convcore::few_channels
