#include "gemm_positions/tiling.h"

#include <algorithm>

#include "gemm_positions/cost.h"
#include "problem/integers.h"

namespace convcore::gemm_positions {

namespace {

// Positions that read inside the source with all taps.
void find_inner(const Axis& axis, index_t* begin, index_t* end) {
    const auto inside = [&](index_t q) {
        return std::all_of(axis.shift, axis.shift + axis.taps, [&](index_t shift) {
            const index_t at = q * axis.step + shift;
            return at >= 0 && at < axis.extent;
        });
    };
    while (*begin < *end && !inside(*begin)) ++*begin;
    while (*begin < *end && !inside(*end - 1)) --*end;
}

// Terms that are summed in registers. With several taps they are those of whole channels.
index_t most_depth(index_t taps, const RegisterTile& tile, int itemsize) {
    const index_t fit = index_t(COLUMN_BYTES) / (tile.width * itemsize);
    return taps > 1 ? MAX_DEPTH : std::clamp(fit, MAX_DEPTH, MAX_DEPTH_OF_TAP);
}

bool only_tap(const OwnedCorrelation& owned) { return owned.taps() == 1 && !owned.padded(); }

}  // namespace

bool skips_padding(const OwnedCorrelation& owned) {
    return owned.problem.source_channels >= SKIP_CHANNELS && 1 - owned.inside() >= SKIP_SHARE;
}

bool in_place(const OwnedCorrelation& owned, index_t tile_width, int itemsize) {
    const index_t across = owned.problem.weight_source_pitch * itemsize;
    return only_tap(owned) && quotient(owned.positions(), tile_width) <= IN_PLACE_TILES &&
           across % PAGE_BYTES != 0;
}

void share_columns(const OwnedCorrelation& owned, index_t tile_width, int itemsize,
                   Blocking* block) {
    const index_t line = 64 / itemsize, blocks = owned.problem.groups * block->blocks;
    const index_t tiles = quotient(quotient(owned.positions(), tile_width), block->blocks);
    const index_t each = round_up(tiles * tile_width * owned.depth(), line);
    if (block->panel_tasks < SHARED_TASKS || !only_tap(owned)) return;
    if (double(blocks) * double(each) * itemsize > SHARED_BYTES) return;
    block->shared = each;
    block->columns = 0;
}

index_t spread_rows(const Correlation& problem, index_t lanes) {
    const Axis& last = problem.axis[problem.axes - 1];
    const index_t row = 2 * last.count, channel = problem.target_channel_pitch;
    if (last.target_pitch != 2 || problem.target_start > 0 || last.count < lanes) return 0;
    if (row == channel) return 1;
    if (problem.axes < 2) return 0;
    const Axis& outer = problem.axis[problem.axes - 2];
    return outer.target_pitch == 2 * row && outer.count * outer.target_pitch == channel ? 2 : 0;
}

// The depth decides the order of the sum: never by the number of threads.
Blocking choose_blocking(const OwnedCorrelation& owned, const RegisterTile& tile, int itemsize,
                         int threads) {
    const Correlation& problem = owned.problem;
    const index_t width = tile.width, taps = owned.taps();
    const index_t tiles = quotient(owned.positions(), width);
    const index_t most = std::max<index_t>(1, POSITIONS / width);
    const index_t panels = quotient(problem.target_channels, tile.rows);
    const index_t depth = most_depth(taps, tile, itemsize);
    const bool skips = skips_padding(owned);
    Blocking block{};
    for (int a = 0; a < problem.axes; ++a) {
        block.inner_end[a] = problem.axis[a].count;
        if (skips) find_inner(problem.axis[a], &block.inner_begin[a], &block.inner_end[a]);
    }
    block.blocks = quotient(tiles, most);
    block.source_channels =
        evenly(problem.source_channels, std::max<index_t>(1, depth / (skips ? 1 : taps)));
    block.depth = skips          ? block.source_channels
                  : taps > depth ? evenly(owned.depth(), depth)
                                 : block.source_channels * taps;
    block.target_channels = taps == 1 ? TARGET_CHANNELS_OF_TAP : TARGET_CHANNELS;
    const index_t tasks = threads == 1 ? 1 : TASKS * threads;
    block.panel_tasks = std::min(panels, quotient(tasks, problem.groups * block.blocks));
    const index_t line = 64 / itemsize, largest = std::min(most, tiles);
    block.columns = round_up(largest * width * block.depth, line);
    block.product = round_up(largest * width * problem.target_channels, line);
    block.loads = round_up(quotient(largest * taps * index_t(sizeof(TapLoads)), itemsize), line);
    return block;
}

bool take_turns(const Correlation& even, const Correlation& odd) {
    const Axis& last = even.axis[even.axes - 1];
    if (even.axes != odd.axes || last.target_pitch != 2) return false;
    if (odd.target_start != even.target_start + 1) return false;
    return std::equal(even.axis, even.axis + even.axes, odd.axis, [](const Axis& a, const Axis& b) {
        return a.count == b.count && a.target_pitch == b.target_pitch;
    });
}

void make_alike(int axes, Blocking* first, Blocking* second) {
    for (int a = 0; a < axes; ++a) {
        const index_t begin = std::max(first->inner_begin[a], second->inner_begin[a]);
        const index_t end = std::min(first->inner_end[a], second->inner_end[a]);
        first->inner_begin[a] = second->inner_begin[a] = begin;
        first->inner_end[a] = second->inner_end[a] = std::max(begin, end);
    }
    first->columns = second->columns = std::max(first->columns, second->columns);
    first->loads = second->loads = std::max(first->loads, second->loads);
}

}  // namespace convcore::gemm_positions
