#include "few_positions/tiling.h"

#include <algorithm>

#include "few_positions/cost.h"
#include "problem/integers.h"

namespace convcore::few_positions {

namespace {

CopyAxis copy_axis(const Axis& axis) {
    const auto ends = std::minmax_element(axis.shift, axis.shift + axis.taps);
    const index_t span = (axis.count - 1) * axis.step + *ends.second - *ends.first + 1;
    // One position has no step, and no phases.
    return {*ends.first, span, axis.count == 1 ? 1 : axis.step, 0, 0};
}

}  // namespace

double copied_elements(const Correlation& problem) {
    double elements = double(problem.groups) * double(problem.source_channels);
    for (int a = 0; a < problem.axes; ++a) {
        const CopyAxis axis = copy_axis(problem.axis[a]);
        elements *= double(axis.extent()) * double(axis.step);
    }
    return elements;
}

OwnedLayout::OwnedLayout(const Correlation& problem, int rows, int lanes, int itemsize, int threads)
    : problem_(problem), lanes_(lanes) {
    index_t phases = 1;
    layout.plane = 1;
    for (int a = problem.axes - 1; a >= 0; --a) {
        axes_[a] = copy_axis(problem.axis[a]);
        axes_[a].pitch = layout.plane;
        layout.plane *= axes_[a].extent();
    }
    for (int a = problem.axes - 1; a >= 0; --a) {
        axes_[a].phase_pitch = layout.plane * phases;
        phases *= axes_[a].step;
    }
    layout.plane *= phases;
    if (layout.plane >= lanes) layout.plane = round_up(layout.plane, lanes);
    // Whole vectors, and one more for the lanes behind the last position.
    layout.elements = ceiling(problem.source_channels * layout.plane, lanes) * lanes + lanes;
    add_strips(0, 0, 0);
    add_taps(0, 0, 0);
    add_rows(0, problem.target_start, 0);
    layout.step = axes_[problem.axes - 1].step;
    layout.strips = index_t(strips_.size());
    layout.taps = index_t(taps_.size());
    layout.vectors = index_t(vectors_.size());
    layout.strip = strips_.data();
    layout.tap = taps_.data();
    layout.rows = index_t(rows_.size());
    layout.vector = vectors_.data();
    layout.row = rows_.data();
    find_quick();
    cut(rows, itemsize, threads);
    use_dots();
}

// Whether the terms of a target channel follow each other in the weight.
bool OwnedLayout::weight_in_order() const {
    for (index_t t = 0; t < layout.taps; ++t)
        if (taps_[size_t(t)].weight != t) return false;
    return problem_.weight_source_pitch == layout.taps;
}

void OwnedLayout::use_dots() {
    const index_t depth = problem_.source_channels * layout.taps;
    index_t positions = 1, at[MAX_AXES];
    for (int a = 0; a < problem_.axes; ++a) positions *= problem_.axis[a].count;
    const bool all = 2 * positions <= lanes_, row = rows_.size() == 1 && positions > lanes_;
    const index_t dots = all ? positions : row ? positions % lanes_ : 0;
    if (dots == 0 || !(all || 4 * dots <= lanes_)) return;
    if (depth < (positions == 1 ? 1 : DOT_VECTORS) * lanes_ || !weight_in_order()) return;
    add_columns(0, problem_.target_start, at);
    layout.dots = dots;
    layout.column = depth / lanes_ * lanes_ + lanes_;
    layout.together = 0;
    layout.reads = reads_.data() + (positions - dots) * layout.taps;
    layout.place = places_.data() + positions - dots;
    layout.columns = all ? 0 : layout.elements;
    layout.elements = layout.columns + dots * layout.column;
    layout.vectors = all ? 0 : positions / lanes_;
    if (!all) rows_[0].count = positions - dots;
}

// Columns of the positions whose coordinates on the axes before `a` are `at`.
void OwnedLayout::add_columns(int a, index_t target, index_t* at) {
    if (a == problem_.axes) {
        places_.push_back(target);
        return add_reads(0, at, 0);
    }
    for (at[a] = 0; at[a] < problem_.axis[a].count; ++at[a])
        add_columns(a + 1, target + at[a] * problem_.axis[a].target_pitch, at);
}

// What the taps read; `source` is -1 in the padding of an axis before `a`.
void OwnedLayout::add_reads(int a, const index_t* at, index_t source) {
    if (a == problem_.axes) return reads_.push_back(source);
    const Axis& axis = problem_.axis[a];
    for (index_t t = 0; t < axis.taps; ++t) {
        const index_t from = at[a] * axis.step + axis.shift[t];
        const bool inside = source >= 0 && from >= 0 && from < axis.extent;
        layout.padded |= !inside;
        add_reads(a + 1, at, inside ? source + from * axis.source_pitch : -1);
    }
}

void OwnedLayout::cut(int tile_rows, int itemsize, int threads) {
    const index_t channels = problem_.source_channels, targets = problem_.target_channels;
    const index_t most = std::max<index_t>(1, index_t(BLOCK_BYTES) / (layout.plane * itemsize));
    layout.channels = evenly(channels, std::min(most, quotient(MAX_TERMS, layout.taps)));
    const index_t tasks = threads == 1 ? 1 : quotient(TASKS * threads, problem_.groups);
    const index_t wanted = std::max<index_t>(quotient(targets, tasks), tile_rows);
    layout.target_channels = std::min(round_up(wanted, tile_rows), targets);
    const index_t kept = layout.channels < channels ? layout.target_channels : tile_rows;
    layout.product = (std::min(kept, targets) * layout.vectors + 1) * lanes_;
    const bool small = targets <= tile_rows && layout.channels == channels;
    if (problem_.groups > 1 && (small || problem_.groups >= TASKS * threads)) {
        const index_t each = (layout.elements + layout.product) * itemsize;
        const index_t fit = small ? std::max<index_t>(1, index_t(TOGETHER_BYTES) / each) : 1;
        layout.together = std::min(fit, quotient(problem_.groups, TASKS * threads));
    }
    layout.source_size = (problem_.groups * channels - 1) * problem_.source_channel_pitch + 1;
    for (int a = 0; a < problem_.axes; ++a)
        layout.source_size += (problem_.axis[a].extent - 1) * problem_.axis[a].source_pitch;
}

void OwnedLayout::find_quick() {
    std::sort(strips_.begin(), strips_.end(),
              [](const Strip& a, const Strip& b) { return a.to < b.to; });
    for (Strip& strip : strips_)
        strip.quick = layout.step == 1 && strip.count < lanes_ && strip.to + lanes_ <= layout.plane;
    if (problem_.axis[problem_.axes - 1].target_pitch != 1) return;
    index_t end = 0;  // of the rows that follow each other without a gap
    for (size_t r = rows_.size(); r-- > 0;) {
        Row& row = rows_[r];
        if (r + 1 == rows_.size() || row.target + row.count != rows_[r + 1].target)
            end = row.target + row.count;
        row.quick = row.count < lanes_ && row.target + lanes_ <= end;
    }
}

void OwnedLayout::add_strips(int a, index_t from, index_t to) {
    const Axis& axis = problem_.axis[a];
    const CopyAxis& copy = axes_[a];
    const index_t first = std::max<index_t>(0, copy.low);
    const index_t last = std::min(axis.extent, copy.low + copy.span);
    layout.padded |= first > copy.low || last < copy.low + copy.span;
    if (a + 1 < problem_.axes) {
        for (index_t at = first; at < last; ++at)
            add_strips(a + 1, from + at * axis.source_pitch, to + copy.place(at - copy.low));
        return;
    }
    for (index_t at = first; at < std::min(last, first + copy.step); ++at)
        strips_.push_back(
            {from + at, to + copy.place(at - copy.low), ceiling(last - at, copy.step), false});
}

void OwnedLayout::add_taps(int a, index_t shift, index_t weight) {
    if (a == problem_.axes) return taps_.push_back({shift, weight});
    const Axis& axis = problem_.axis[a];
    for (index_t t = 0; t < axis.taps; ++t)
        add_taps(a + 1, shift + axes_[a].place(axis.shift[t] - axes_[a].low),
                 weight + axis.weight_offset[t]);
}

void OwnedLayout::add_rows(int a, index_t target, index_t start) {
    const Axis& axis = problem_.axis[a];
    if (a + 1 == problem_.axes) return add_row(target, start, axis);
    for (index_t q = 0; q < axis.count; ++q)
        add_rows(a + 1, target + q * axis.target_pitch, start + q * axes_[a].pitch);
}

// Covers the row with the lanes that the last vector has left, then with new ones.
void OwnedLayout::add_row(index_t target, index_t start, const Axis& axis) {
    for (index_t q = 0; q < axis.count;) {
        const index_t at = start + q;
        if (vectors_.empty() || vectors_.back() + lanes_ <= at) vectors_.push_back(at);
        const index_t lane = at - vectors_.back();
        if (q == 0)
            rows_.push_back(
                {index_t(vectors_.size() - 1) * lanes_ + lane, target, axis.count, false});
        q += lanes_ - lane;
    }
}

}  // namespace convcore::few_positions
