#include "gemm_channels/tiling.h"

#include <algorithm>
#include <set>

#include "gemm_channels/cost.h"
#include "machine/processor.h"
#include "problem/integers.h"

namespace convcore::gemm_channels {

namespace {

// An odd number of cache lines, so that the same position of many channels spreads over all sets of
// a cache (256 channels of 14 x 14 on AMD Zen 3, 2026: 75 GFLOP/s instead of 60).
index_t spread(index_t pitch) {
    const index_t line = 16;
    return (quotient(pitch, line) | 1) * line;
}

// One axis of a slab that `count` target positions read: where each tap starts, and what is there.
struct Layout {
    std::vector<Segment> segments;
    std::vector<index_t> tap_at;
};

// Taps whose shifts differ by a multiple of the step read the same phase of the source. They share
// a run of it where their ranges overlap, and have one each where they lie far apart.
Layout lay_out_axis(const Axis& axis, index_t count) {
    Layout layout;
    layout.tap_at.resize(size_t(axis.taps));
    index_t at = 0;
    std::set<index_t> phases;
    for (index_t t = 0; t < axis.taps; ++t)
        phases.insert(floor_remainder(axis.shift[t], axis.step));
    for (const index_t phase : phases) {
        std::vector<index_t> taps, steps;
        for (index_t t = 0; t < axis.taps; ++t) {
            if (floor_remainder(axis.shift[t], axis.step) != phase) continue;
            taps.push_back(t);
            steps.push_back(floor_quotient(axis.shift[t], axis.step));
        }
        const auto ends = std::minmax_element(steps.begin(), steps.end());
        const index_t first = *ends.first, span = *ends.second - first;
        const bool shared = count + span <= count * index_t(taps.size());
        for (size_t i = 0; i < taps.size(); ++i) {
            layout.tap_at[size_t(taps[i])] = shared ? at + steps[i] - first : at;
            if (shared) continue;
            layout.segments.push_back({at, steps[i] * axis.step + phase, count});
            at += count;
        }
        if (!shared) continue;
        layout.segments.push_back({at, first * axis.step + phase, count + span});
        at += count + span;
    }
    return layout;
}

index_t extent(const std::vector<Segment>& all) { return all.back().at + all.back().count; }

bool strided(const Correlation& problem) {
    for (int a = 0; a < problem.axes; ++a)
        if (problem.axis[a].step > 1) return true;
    return false;
}

// Elements of a slab: half of the level 2 cache, and a small part of the whole workspace.
index_t slab_elements(const Request& request) {
    return index_t(std::min(level2_bytes() / 2, request.max_workspace / 8)) / request.itemsize;
}

}  // namespace

OwnedBlocking::OwnedBlocking(const OwnedCorrelation& owned, index_t positions, index_t slab,
                             bool copies, index_t channels) {
    const Correlation& problem = owned.problem;
    block.padded = owned.padded();
    block.copies = copies || block.padded;
    choose_split(problem, std::min(positions, MAX_BLOCK_POSITIONS));
    lay_out(problem);
    const index_t few = std::min(problem.source_channels, channels);
    while (few * block.channel_pitch > slab && block.copies && shrink(problem)) lay_out(problem);
    const index_t each = block.copies ? block.channel_pitch : block.positions;
    cut_channels(problem, quotient(problem.source_channels, std::max<index_t>(1, slab / each)));
    for (int a = 0; a < problem.axes; ++a) {
        block.segments[a] = segments_[size_t(a)].data();
        block.segment_count[a] = index_t(segments_[size_t(a)].size());
    }
    block.terms = owned.depth();
    block.panel_tasks = block.slices = 1;
    block.range = block.positions;
}

void OwnedBlocking::choose_split(const Correlation& problem, index_t positions) {
    index_t behind = 1;
    int a = problem.axes - 1;
    for (; a > 0 && behind * problem.axis[a].count <= positions; --a)
        behind *= problem.axis[a].count;
    const index_t count = problem.axis[a].count;
    const index_t most = std::max<index_t>(1, positions / behind);
    block.split = a;
    block.chunk = quotient(count, quotient(count, most));
}

// Smaller blocks; false if there are none.
bool OwnedBlocking::shrink(const Correlation& problem) {
    if (block.chunk > 1) {
        block.chunk = quotient(block.chunk, 2);
        return true;
    }
    if (block.split + 1 == problem.axes) return false;
    block.chunk = quotient(problem.axis[++block.split].count, 2);
    return true;
}

void OwnedBlocking::lay_out(const Correlation& problem) {
    segments_.assign(size_t(problem.axes), {});
    tap_offsets_.assign(size_t(problem.axes), {});
    block.positions = blocks_ = 1;
    index_t pitch = 1;
    for (int a = problem.axes - 1; a >= 0; --a) {
        const Axis& axis = problem.axis[a];
        const index_t count = a < block.split ? 1 : a == block.split ? block.chunk : axis.count;
        block.positions *= count;
        blocks_ *= quotient(axis.count, count);
        Layout layout = lay_out_axis(axis, count);
        if (!block.copies) {
            pitch = axis.source_pitch;
            layout.tap_at.assign(axis.shift, axis.shift + axis.taps);
        }
        for (index_t at : layout.tap_at) tap_offsets_[size_t(a)].push_back(at * pitch);
        block.row_pitch[a] = block.copies ? pitch : axis.step * pitch;
        pitch *= extent(layout.segments);
        segments_[size_t(a)] = std::move(layout.segments);
    }
    block.channel_pitch = block.copies ? spread(pitch) : problem.source_channel_pitch;
}

void OwnedBlocking::cut_channels(const Correlation& problem, index_t parts) {
    const index_t all = problem.source_channels;
    block.channels = quotient(all, std::min(all, parts));
    block.slab = block.copies ? block.channels * block.channel_pitch : 0;
}

void OwnedBlocking::finish(const Correlation& problem) {
    std::vector<index_t> taps{0};
    for (const std::vector<index_t>& offsets : tap_offsets_) {
        std::vector<index_t> next;
        next.reserve(taps.size() * offsets.size());
        for (index_t outer : taps)
            for (index_t inner : offsets) next.push_back(outer + inner);
        taps = std::move(next);
    }
    const index_t all = problem.source_channels;
    const index_t rest = all - (quotient(all, block.channels) - 1) * block.channels;
    fill_terms(taps, block.channels, &term_offset_);
    if (rest < block.channels) fill_terms(taps, rest, &last_term_offset_);
    block.term_offset = term_offset_.data();
    block.last_term_offset = rest < block.channels ? last_term_offset_.data() : block.term_offset;
}

void OwnedBlocking::fill_terms(const std::vector<index_t>& taps, index_t channels,
                               std::vector<index_t>* terms) const {
    terms->resize(taps.size() * size_t(channels));
    index_t* term = terms->data();
    for (const index_t tap : taps)
        for (index_t c = 0; c < channels; ++c) *term++ = tap + c * block.channel_pitch;
}

namespace {

// Blocks of several ranges, where all source channels fit and less is copied in all. Still enough
// of them for eight threads.
OwnedBlocking larger(OwnedBlocking blocking, const OwnedCorrelation& owned,
                     const Request& request) {
    const index_t channels = owned.problem.source_channels;
    OwnedBlocking large(owned, MAX_BLOCK_POSITIONS, slab_elements(request), true, channels);
    const auto copied = [](const OwnedBlocking& blocks) {
        return double(blocks.blocks()) * double(blocks.block.channel_pitch);
    };
    const bool fits = large.block.channels == channels && large.block.positions > POSITIONS;
    const bool enough = owned.problem.groups * large.blocks() >= 16;
    return fits && enough && copied(large) < 0.75 * copied(blocking) ? std::move(large)
                                                                     : std::move(blocking);
}

}  // namespace

OwnedBlocking correlation_blocking(const OwnedCorrelation& owned, index_t panel_width,
                                   const Request& request, index_t channels) {
    const Correlation& problem = owned.problem;
    const index_t panels = quotient(problem.target_channels, panel_width);
    // Every panel reads the block again.
    const bool copies = panels > 1 || strided(problem);
    OwnedBlocking blocking(owned, POSITIONS, slab_elements(request), copies,
                           channels ? channels : FEW_CHANNELS);
    if (channels) blocking.cut_channels(problem, quotient(problem.source_channels, channels));
    if (blocking.block.copies && (channels == 0 || channels == problem.source_channels))
        blocking = larger(std::move(blocking), owned, request);
    Blocking& block = blocking.block;
    block.range = evenly(block.positions, POSITIONS);
    block.depth = evenly(block.terms, MAX_TERMS);
    const index_t tasks = problem.groups * blocking.blocks();
    block.panel_tasks = std::min(panels, quotient(4 * request.threads, tasks));
    blocking.finish(problem);
    return blocking;
}

OwnedBlocking gradient_blocking(const OwnedCorrelation& owned, const Request& request) {
    const Correlation& problem = owned.problem;
    const index_t tasks = quotient(8, problem.groups);
    OwnedBlocking blocking(owned, POSITIONS, slab_elements(request), strided(problem));
    Blocking& block = blocking.block;
    block.depth = evenly(block.positions, MAX_POSITIONS);
    const index_t result = problem.groups * problem.weight_group_pitch;
    const index_t fit = (index_t(3) << 20) / request.itemsize / result;
    const index_t most = std::min<index_t>({8, fit, blocking.blocks() / 4});
    while (2 * block.slices <= most) block.slices *= 2;
    if (block.slices < tasks) blocking.cut_channels(problem, quotient(tasks, block.slices));
    block.skips_padding = 1 - owned.inside() >= SKIP_SHARE;
    blocking.finish(problem);
    return blocking;
}

std::vector<Pass> passes(const Correlation& whole, index_t each, index_t lanes, index_t room) {
    const index_t channels = whole.target_channels;
    const index_t group = round_up(channels, lanes) * each;
    const index_t groups = std::max<index_t>(1, std::min(whole.groups, room / group));
    const index_t most = group <= room ? channels : room / each / lanes * lanes;
    std::vector<Pass> all;
    if (most <= 0) return all;
    for (index_t g = 0; g < whole.groups; g += groups) {
        for (index_t k = 0; k < channels; k += most) {
            Pass pass{whole, g * whole.source_channels * whole.source_channel_pitch,
                      (g * channels + k) * whole.target_channel_pitch,
                      g * whole.weight_group_pitch + k * whole.weight_target_pitch};
            pass.problem.groups = std::min(groups, whole.groups - g);
            pass.problem.target_channels = std::min(most, channels - k);
            all.push_back(pass);
        }
    }
    return all;
}

}  // namespace convcore::gemm_channels
