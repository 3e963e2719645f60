#include "small/tiling.h"

#include <algorithm>

#include "problem/integers.h"

namespace convcore::small {

namespace {

CopyAxis copy_axis(const Axis& axis) {
    const auto ends = std::minmax_element(axis.shift, axis.shift + axis.taps);
    const index_t span = (axis.count - 1) * axis.step + *ends.second - *ends.first + 1;
    // One position has no step, and no phases.
    return {*ends.first, span, axis.count == 1 ? 1 : axis.step, 0, 0};
}

}  // namespace

double copied_elements(const Correlation& problem) {
    double elements = double(problem.source_channels);
    for (int a = 0; a < problem.axes; ++a) {
        const CopyAxis axis = copy_axis(problem.axis[a]);
        elements *= double(axis.extent()) * double(axis.step);
    }
    return elements;
}

OwnedLayout::OwnedLayout(const Correlation& problem, int lanes) : problem_(problem), lanes_(lanes) {
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
    layout.vector = vectors_.data();
    layout.run = runs_.data();
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
            {from + at, to + copy.place(at - copy.low), ceiling(last - at, copy.step)});
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
        if (vectors_.empty() || vectors_.back().start + lanes_ <= at)
            vectors_.push_back({at, index_t(runs_.size()), 0});
        const index_t lane = at - vectors_.back().start;
        const index_t count = std::min(axis.count - q, lanes_ - lane);
        runs_.push_back({target + q * axis.target_pitch, int(lane), int(count)});
        ++vectors_.back().runs;
        q += count;
    }
}

}  // namespace convcore::small
