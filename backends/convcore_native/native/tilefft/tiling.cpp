#include "tilefft/tiling.h"

#include <math.h>

#include <algorithm>
#include <vector>

#include "machine/processor.h"
#include "problem/integers.h"
#include "tilefft/cost.h"
#include "tilefft/tables.h"

namespace convcore::tilefft {

namespace {

// Numbers without a prime factor above 5: transforms of those can be split into levels, and of as
// many whole vectors, whose lanes are a power of 2.
const std::vector<index_t>& smooth_numbers() {
    static const std::vector<index_t> numbers = [] {
        std::vector<index_t> all;
        for (index_t number = 1; number <= MAX_EXTENT; ++number)
            if (transformable(number)) all.push_back(number);
        return all;
    }();
    return numbers;
}

index_t field_extent(const Axis& weight) { return (weight.extent - 1) * weight.spacing + 1; }

// Dense positions of an axis that lie between its elements, both ends included.
index_t dense_extent(const Axis& axis) { return (axis.extent - 1) * axis.spacing + 1; }

// Smallest transform that takes an axis as one tile: positions before or behind the source wrap
// around to places where it has no elements either.
index_t whole_extent(const Axis& source, const Axis& target, const Axis& weight) {
    const index_t results = dense_extent(target), field = field_extent(weight);
    const index_t window = results + field - 1;
    const index_t first = std::max<index_t>(0, -source.start);
    const index_t last = std::min(dense_extent(source) - source.start, window);
    const index_t reach = last > first ? std::max(last, window - first) : 0;
    return std::max({reach, results, field});
}

Field field(const Geometry& geometry, const index_t* extents, index_t channels) {
    Field all{};
    index_t pitch = 1;
    for (int a = geometry.rank - 1; a >= 0; --a) {
        all.axis[a + 2 - geometry.rank] = {0, 0, 0, 1, 1, extents[a], pitch};
        pitch *= extents[a];
    }
    if (geometry.rank == 1) all.axis[0] = {0, 0, 0, 1, 1, 1, pitch};
    all.channel_pitch = pitch;
    all.group_pitch = channels / geometry.groups * pitch;
    all.batch_pitch = channels * pitch;
    return all;
}

// Channels of the weight's field are output channels, and its batch is the input channels.
Field weight_field(const Geometry& geometry) {
    Field all = field(geometry, geometry.kernel, 1);
    const index_t inputs = geometry.in_channels / geometry.groups;
    all.batch_pitch = geometry.taps();
    all.channel_pitch = inputs * geometry.taps();
    all.group_pitch = geometry.out_channels / geometry.groups * all.channel_pitch;
    return all;
}

}  // namespace

Problem::Problem(const Geometry& geometry, Operation which)
    : operation(which),
      line(geometry.rank == 1),
      batch(geometry.batch),
      groups(geometry.groups),
      sources(geometry.in_channels / geometry.groups),
      targets(geometry.out_channels / geometry.groups),
      source(field(geometry, geometry.input, geometry.in_channels)),
      target(field(geometry, geometry.output, geometry.out_channels)),
      weight(weight_field(geometry)) {
    for (int a = 0; a < geometry.rank; ++a) {
        const int axis = a + 2 - geometry.rank;
        source.axis[axis].start = -geometry.before[a];
        target.axis[axis].spacing = geometry.stride[a];
        weight.axis[axis].spacing = geometry.dilation[a];
    }
    if (operation != GRAD_INPUT) return;
    std::swap(source, target);
    std::swap(sources, targets);
    for (int axis = line ? 1 : 0; axis < 2; ++axis) {
        Axis& taps = weight.axis[axis];
        source.axis[axis].start = -target.axis[axis].start - (field_extent(taps) - 1);
        target.axis[axis].start = 0;
        weight.origin += (taps.extent - 1) * taps.pitch;
        taps.pitch = -taps.pitch;
    }
}

index_t Tiling::spectra(const Problem& problem, bool prepared) const {
    const index_t pairs = prepared ? 0 : target_block * problem.sources;
    const index_t outputs = problem.operation == GRAD_WEIGHT ? target_block : 0;
    return group_block * (pairs + tile_block * (problem.sources + outputs)) * pitch;
}

index_t Tiling::extent(const Problem& problem, int axis) const {
    if (problem.line) return axis == 0 ? 1 : 2 * rows * columns;
    return axis == 0 ? 2 * rows : columns;
}

void Tiling::apply(Problem* problem) const {
    for (int a = 0; a < 2; ++a) {
        Axis& source = problem->source.axis[a];
        Axis& target = problem->target.axis[a];
        Axis& weight = problem->weight.axis[a];
        source.advance = target.advance = advance[a];
        source.tiles = target.tiles = tiles[a];
        source.kept = extent(*problem, a);
        target.kept = advance[a];
        weight.kept = field_extent(weight);
    }
}

namespace {

double seconds(const Problem& problem, const Tiling& tiling, double peak) {
    const double points = 2.0 * double(tiling.rows * tiling.columns);
    const double tiles = double(tiling.tile_count(problem));
    const double groups = double(problem.groups);
    const double pairs = double(problem.sources) * double(problem.targets);
    const double again = double(quotient(problem.targets, tiling.target_block));
    const double items =
        groups * (tiles * (again * double(problem.sources) + double(problem.targets)) + pairs);
    const double transforms = items * points * (2.5 * log2(points) + 10);
    const double products = groups * tiles * pairs * points * 4;
    const double once = items * ITEM_SECONDS + transforms / (TRANSFORM_EFFICIENCY * peak) +
                        products / (PRODUCT_EFFICIENCY * peak);
    return CALL_SECONDS + once * (problem.operation == GRAD_WEIGHT ? GRADIENT_SHARE : 1);
}

// Halves one of the blocks; false if all are as small as they can be.
bool shrink(Tiling* tiling) {
    for (index_t* block : {&tiling->group_block, &tiling->tile_block, &tiling->target_block}) {
        const index_t enough = block == &tiling->tile_block ? 4 : 1;
        if (*block <= enough) continue;
        *block = quotient(*block, 2);
        return true;
    }
    const bool more = tiling->tile_block > 1;
    tiling->tile_block = 1;
    return more;
}

// How much of the problem is worked on at a time: what stays in a shared cache, where smaller
// blocks gained nothing and threads would wait for each other more often; but enough tasks for many
// threads and, for the gradient of a weight, partial sums worth storing.
bool choose_blocks(const Problem& problem, index_t limit, index_t cache, Tiling* tiling) {
    const bool gradient = problem.operation == GRAD_WEIGHT;
    const index_t channels = problem.sources + (gradient ? problem.targets : 0);
    const index_t few = gradient ? 4 : 8, fitting = cache / (channels * tiling->pitch);
    tiling->tile_block = std::min(tiling->tile_count(problem), std::max(few, fitting));
    const index_t groups = cache / (tiling->tile_block * channels * tiling->pitch);
    tiling->group_block = std::min(problem.groups, std::max<index_t>(1, groups));
    tiling->target_block = problem.targets;
    while (tiling->spectra(problem, false) > limit)
        if (!shrink(tiling)) return false;
    return true;
}

// Results that a task works on: half a level 2 cache full of them, since each spectrum that it
// reads then serves several, but no less than MANY_TASKS tasks.
void choose_task(index_t cache, Tiling* tiling) {
    constexpr index_t MANY_TASKS = 16;
    tiling->tile_task = tiling->target_task = 1;
    for (bool grown = true; grown;) {
        grown = false;
        for (index_t* part : {&tiling->target_task, &tiling->tile_task}) {
            const index_t most =
                part == &tiling->tile_task ? tiling->tile_block : tiling->target_block;
            const index_t tasks = tiling->group_block *
                                  quotient(tiling->tile_block, tiling->tile_task) *
                                  quotient(tiling->target_block, tiling->target_task);
            const index_t results = tiling->tile_task * tiling->target_task;
            if (*part >= most || tasks < 2 * MANY_TASKS) continue;
            if (2 * results * tiling->pitch > cache) continue;
            *part *= 2;
            grown = true;
        }
    }
}

// An axis of a problem in tiles, whose transforms have so many rows, or columns.
struct Cut {
    index_t count, advance, tiles;
};

class Cutter {
  public:
    Cutter(const Problem& problem, int axis)
        : results_(dense_extent(problem.target.axis[axis])),
          field_(field_extent(problem.weight.axis[axis])),
          whole_(whole_extent(problem.source.axis[axis], problem.target.axis[axis],
                              problem.weight.axis[axis])) {}

    // Into tiles of `extent`; `tiles` is 0 if one would hold nothing but halo.
    Cut cut(index_t count, index_t extent) const {
        const index_t advance = extent >= whole_ ? results_ : extent - field_ + 1;
        return {count, advance, advance < 1 ? 0 : quotient(results_, advance)};
    }

    // In every way into tiles of `times` as many positions as there are rows or columns: of those
    // with as many tiles the smallest, since the others only take longer.
    std::vector<Cut> cuts(index_t lanes, index_t times) const {
        std::vector<Cut> all;
        for (const index_t share : smooth_numbers()) {
            if (share * lanes > MAX_EXTENT) break;
            const Cut next = cut(share * lanes, times * share * lanes);
            if (next.tiles == 0 || (!all.empty() && all.back().tiles == next.tiles)) continue;
            all.push_back(next);
            if (next.tiles == 1) break;
        }
        return all;
    }

  private:
    const index_t results_, field_, whole_;
};

// Collects the cheapest choice.
class Chooser {
  public:
    Chooser(const Problem& problem, int itemsize, int lanes, size_t max_workspace)
        : problem_(problem),
          itemsize_(itemsize),
          lanes_(lanes),
          limit_(index_t(max_workspace / size_t(itemsize)) / 4 * 3),
          cache_(index_t(level2_bytes()) / itemsize),
          peak_(peak_flops(lanes, itemsize)) {}

    Tiling choose() {
        if (problem_.line)
            try_lines();
        else
            try_planes();
        if (best_.fits) choose_task(std::min(cache_ / 2, limit_ / 12), &best_);
        return best_;
    }

  private:
    // Nearly square, since rows and columns are transformed one after the other.
    void try_lines() {
        const Cutter line(problem_, 1);
        const std::vector<index_t>& numbers = smooth_numbers();
        for (size_t i = 0; i < numbers.size() && numbers[i] * lanes_ <= MAX_EXTENT; ++i) {
            const index_t rows = numbers[i] * lanes_;
            const index_t most = std::min(4 * rows, MAX_EXTENT);
            for (size_t j = i; j < numbers.size() && numbers[j] * lanes_ <= most; ++j) {
                const index_t columns = numbers[j] * lanes_;
                const Cut across = line.cut(columns, 2 * rows * columns);
                try_next({rows, 1, 1}, across);
                if (across.tiles == 1) break;
            }
        }
    }

    void try_planes() {
        const std::vector<Cut> across = Cutter(problem_, 1).cuts(lanes_, 1);
        for (const Cut& down : Cutter(problem_, 0).cuts(lanes_, 2))
            for (const Cut& columns : across) try_next(down, columns);
    }

    void try_next(const Cut& down, const Cut& across) {
        if (down.tiles == 0 || across.tiles == 0) return;
        Tiling next{};
        next.rows = down.count;
        next.columns = across.count;
        next.lanes = lanes_;
        next.pitch = 2 * next.rows * next.columns + 64 / itemsize_;
        next.strip = 2 * next.rows * next.lanes + 64 / itemsize_;
        next.advance[0] = down.advance;
        next.advance[1] = across.advance;
        next.tiles[0] = down.tiles;
        next.tiles[1] = across.tiles;
        next.target_block = problem_.targets;
        // Blocks can only add to what it takes.
        if (best_.fits && seconds(problem_, next, peak_) >= best_.seconds) return;
        if (4 * next.pitch > limit_ || !choose_blocks(problem_, limit_, 4 * cache_, &next)) return;
        next.fits = true;
        next.seconds = seconds(problem_, next, peak_);
        if (!best_.fits || next.seconds < best_.seconds) best_ = next;
    }

    const Problem& problem_;
    const int itemsize_;
    const index_t lanes_, limit_, cache_;  // bytes in elements
    const double peak_;
    Tiling best_{};
};

}  // namespace

Tiling choose_tiles(const Problem& problem, int itemsize, int lanes, size_t max_workspace) {
    return Chooser(problem, itemsize, lanes, max_workspace).choose();
}

}  // namespace convcore::tilefft
