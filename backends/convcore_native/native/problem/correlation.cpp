#include "problem/correlation.h"

#include <algorithm>
#include <set>

#include "problem/integers.h"

namespace convcore {

namespace {

index_t product(const index_t* extents, int rank) {
    index_t all = 1;
    for (int a = 0; a < rank; ++a) all *= extents[a];
    return all;
}

// Elements between neighbours on axis `axis` of a C-contiguous array.
index_t pitch(const index_t* extents, int rank, int axis) {
    return product(extents + axis + 1, rank - axis - 1);
}

// One stride phase of one axis of the input gradient.
struct Phase {
    index_t start, count;
    std::vector<index_t> shift, tap;
};

// Input position start + stride q meets output position q + shift through a tap: those taps for
// which start + before - tap * dilation is a multiple of the stride.
std::vector<Phase> phases(const Geometry& geometry, int axis) {
    const index_t stride = geometry.stride[axis];
    std::set<index_t> starts;
    for (index_t tap = 0; tap < geometry.kernel[axis]; ++tap)
        starts.insert(
            floor_remainder(tap * geometry.dilation[axis] - geometry.before[axis], stride));
    std::vector<Phase> all;
    for (const index_t start : starts) {
        if (start >= geometry.input[axis]) break;
        Phase phase{start, (geometry.input[axis] - start + stride - 1) / stride, {}, {}};
        for (index_t tap = 0; tap < geometry.kernel[axis]; ++tap) {
            const index_t at = start + geometry.before[axis] - tap * geometry.dilation[axis];
            if (at % stride != 0) continue;
            phase.shift.push_back(at / stride);
            phase.tap.push_back(tap);
        }
        all.push_back(phase);
    }
    return all;
}

// Channels and the batch, which no operation treats otherwise.
void begin(const Geometry& geometry, bool swapped, OwnedCorrelation* owned) {
    Correlation& problem = owned->problem;
    const index_t inputs = geometry.input_positions(), outputs = geometry.output_positions();
    const index_t in_channels = geometry.in_channels / geometry.groups;
    const index_t out_channels = geometry.out_channels / geometry.groups;
    problem.groups = geometry.groups;
    problem.source_channels = swapped ? out_channels : in_channels;
    problem.target_channels = swapped ? in_channels : out_channels;
    problem.source_channel_pitch = swapped ? outputs : inputs;
    problem.target_channel_pitch = swapped ? inputs : outputs;
    problem.weight_source_pitch = (swapped ? in_channels : 1) * geometry.taps();
    problem.weight_target_pitch = (swapped ? 1 : in_channels) * geometry.taps();
    problem.weight_group_pitch = out_channels * in_channels * geometry.taps();
    const Axis batch{geometry.batch,
                     geometry.batch,
                     1,
                     1,
                     nullptr,
                     nullptr,
                     geometry.groups * problem.source_channels * problem.source_channel_pitch,
                     geometry.groups * problem.target_channels * problem.target_channel_pitch};
    owned->add_axis(batch, {0}, {0});
}

OwnedCorrelation forward(const Geometry& geometry) {
    OwnedCorrelation owned;
    begin(geometry, false, &owned);
    for (int a = 0; a < geometry.rank; ++a) {
        std::vector<index_t> shift, offset;
        for (index_t tap = 0; tap < geometry.kernel[a]; ++tap) {
            shift.push_back(tap * geometry.dilation[a] - geometry.before[a]);
            offset.push_back(tap * pitch(geometry.kernel, geometry.rank, a));
        }
        owned.add_axis(
            {geometry.output[a], geometry.input[a], geometry.stride[a], geometry.kernel[a], nullptr,
             nullptr, pitch(geometry.input, geometry.rank, a),
             pitch(geometry.output, geometry.rank, a)},
            shift, offset);
    }
    owned.finish();
    return owned;
}

Correlations input_gradient(const Geometry& geometry, bool merges) {
    std::vector<std::vector<Phase>> axes;
    size_t combinations = 1;
    index_t reached = 1;
    for (int a = 0; a < geometry.rank; ++a) {
        axes.push_back(phases(geometry, a));
        combinations *= axes.back().size();
        index_t positions = 0;
        for (const Phase& phase : axes.back()) positions += phase.count;
        reached *= positions;
    }
    std::vector<OwnedCorrelation> parts;
    for (size_t i = 0; i < combinations; ++i) {
        OwnedCorrelation owned(merges || combinations == 1);
        begin(geometry, true, &owned);
        size_t inner = combinations, rest = i;
        for (int a = 0; a < geometry.rank; ++a) {
            inner /= axes[size_t(a)].size();  // combinations of the axes behind
            const Phase& phase = axes[size_t(a)][rest / inner];
            rest %= inner;
            const index_t in_pitch = pitch(geometry.input, geometry.rank, a);
            std::vector<index_t> offset;
            for (index_t tap : phase.tap)
                offset.push_back(tap * pitch(geometry.kernel, geometry.rank, a));
            owned.problem.target_start += phase.start * in_pitch;
            owned.add_axis(
                {phase.count, geometry.output[a], 1, index_t(phase.tap.size()), nullptr, nullptr,
                 pitch(geometry.output, geometry.rank, a), geometry.stride[a] * in_pitch},
                phase.shift, offset);
        }
        owned.finish();
        parts.push_back(std::move(owned));
    }
    const index_t inputs = geometry.input_positions();
    return {std::move(parts),
            reached == inputs ? 0 : geometry.batch * geometry.in_channels * inputs};
}

}  // namespace

bool plain(const Axis& axis, index_t shift) {
    return axis.taps == 1 && shift == 0 && axis.step == 1 && axis.count == axis.extent;
}

index_t Geometry::taps() const { return product(kernel, rank); }
index_t Geometry::input_positions() const { return product(input, rank); }
index_t Geometry::output_positions() const { return product(output, rank); }

double Geometry::flop() const {
    return 2.0 * double(batch) * double(out_channels) * double(output_positions()) *
           double(in_channels / groups) * double(taps());
}

// From here on vectors are full without merging (65 x 1 taps over 1080 x 1920 in float64, AMD Zen
// 5, 2026: 2.1 ms, merged 1700).
constexpr index_t LONG_RUN = 128;

void OwnedCorrelation::add_axis(const Axis& axis, const std::vector<index_t>& shift,
                                const std::vector<index_t>& weight_offset) {
    if (merges_ && problem.axes > 1) {
        Axis& outer = problem.axis[problem.axes - 1];
        // A plain axis makes one with the axis before it, whose positions become runs of it. A long
        // one does not where taps would read runs apart: no block of positions holds them all.
        const bool near = outer.taps == 1 || axis.count < LONG_RUN;
        if (near && plain(axis, shift[0]) && outer.step == 1 &&
            outer.source_pitch == axis.count * axis.source_pitch &&
            outer.target_pitch == axis.count * axis.target_pitch) {
            outer.count *= axis.count;
            outer.extent *= axis.count;
            outer.source_pitch = axis.source_pitch;
            outer.target_pitch = axis.target_pitch;
            for (index_t& place : shifts_.back()) place *= axis.count;
            for (index_t& offset : offsets_.back()) offset += weight_offset[0];
            return;
        }
        // An outer axis of one position and one tap that lies inside only moves the pointers.
        if (outer.count == 1 && outer.taps == 1 && shifts_.back()[0] == 0 && outer.extent == 1) {
            const index_t moved = offsets_.back()[0];
            --problem.axes;
            shifts_.pop_back();
            offsets_.pop_back();
            std::vector<index_t> offsets = weight_offset;
            for (index_t& offset : offsets) offset += moved;
            return add_axis(axis, shift, offsets);
        }
    }
    problem.axis[problem.axes++] = axis;
    shifts_.push_back(shift);
    offsets_.push_back(weight_offset);
}

void OwnedCorrelation::finish() {
    for (int a = 0; a < problem.axes; ++a) {
        problem.axis[a].shift = shifts_[size_t(a)].data();
        problem.axis[a].weight_offset = offsets_[size_t(a)].data();
    }
}

index_t OwnedCorrelation::positions() const {
    index_t all = 1;
    for (int a = 0; a < problem.axes; ++a) all *= problem.axis[a].count;
    return all;
}

index_t OwnedCorrelation::taps() const {
    index_t all = 1;
    for (int a = 0; a < problem.axes; ++a) all *= problem.axis[a].taps;
    return all;
}

bool OwnedCorrelation::padded() const {
    for (int a = 0; a < problem.axes; ++a) {
        const Axis& axis = problem.axis[a];
        const auto ends = std::minmax_element(axis.shift, axis.shift + axis.taps);
        if (*ends.first < 0 || (axis.count - 1) * axis.step + *ends.second >= axis.extent)
            return true;
    }
    return false;
}

double OwnedCorrelation::inside() const {
    double share = 1;
    for (const Axis* axis = problem.axis; axis < problem.axis + problem.axes; ++axis) {
        index_t inside = 0;
        for (index_t t = 0; t < axis->taps; ++t) {
            // Positions that read what stands before `limit`.
            const auto below = [&](index_t limit) {
                const index_t count = ceiling(limit - axis->shift[t], axis->step);
                return std::min(std::max<index_t>(0, count), axis->count);
            };
            inside += below(axis->extent) - below(0);
        }
        share *= double(inside) / double(axis->count * axis->taps);
    }
    return share;
}

Correlations correlations(const Geometry& geometry, Operation operation, bool merges) {
    if (operation == GRAD_INPUT) return input_gradient(geometry, merges);
    Correlations all{};
    all.parts.push_back(forward(geometry));
    return all;
}

}  // namespace convcore
