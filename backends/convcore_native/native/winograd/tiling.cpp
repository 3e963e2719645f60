#include "winograd/tiling.h"

#include <algorithm>
#include <array>

#include "machine/processor.h"
#include "problem/integers.h"
#include "winograd/cost.h"

namespace convcore::winograd {

namespace {

// An odd number of cache lines between frequencies: else they would share the sets of the caches.
index_t odd_lines(index_t elements) { return (quotient(elements, 16) | 1) * 16; }

Problem untiled(const Geometry& geometry, Operation operation) {
    const bool swapped = operation == GRAD_INPUT;
    const index_t taps = geometry.taps();
    Problem problem{};
    problem.batch = geometry.batch;
    problem.source_channels = swapped ? geometry.out_channels : geometry.in_channels;
    problem.target_channels = swapped ? geometry.in_channels : geometry.out_channels;
    problem.weight_source_pitch = swapped ? geometry.in_channels * taps : taps;
    problem.weight_target_pitch = swapped ? taps : geometry.in_channels * taps;
    problem.flip = swapped;
    problem.taps = taps;
    for (int a = 0; a < AXES; ++a) {
        Axis& axis = problem.axis[a];
        const int from = a - (AXES - geometry.rank);
        if (from < 0) {
            axis = {1, 1, 0, 1, 1};
            continue;
        }
        axis.taps = geometry.kernel[from];
        axis.dilation = axis.taps > 1 ? geometry.dilation[from] : 1;
        axis.before = geometry.before[from];
        if (swapped) axis.before = (axis.taps - 1) * axis.dilation - axis.before;
        axis.source_extent = swapped ? geometry.output[from] : geometry.input[from];
        axis.target_extent = swapped ? geometry.input[from] : geometry.output[from];
    }
    return problem;
}

typedef std::array<index_t, AXES> Tiles;

// The tiles of all axes, in every combination of those that there are matrices for.
std::vector<Tiles> choices(const Problem& problem) {
    std::vector<Tiles> result{{1, 1, 1}};
    for (int a = 0; a < AXES; ++a) {
        const index_t taps = problem.axis[a].taps;
        if (taps == 1) continue;
        std::vector<Tiles> longer;
        for (Tiles tiles : result) {
            for (const index_t tile : {4, 2, 5}) {
                if (tile == 5 && taps != 3) continue;
                tiles[size_t(a)] = tile;
                longer.push_back(tiles);
            }
        }
        result = longer;
    }
    return result;
}

Problem tiled(Problem problem, const Tiles& tile) {
    problem.frequencies = 1;
    problem.tiles = problem.batch;
    for (int a = 0; a < AXES; ++a) {
        Axis& axis = problem.axis[a];
        axis.tile = tile[size_t(a)];
        axis.frequencies = axis.tile + axis.taps - 1;
        const index_t filled = axis.tile * axis.dilation;  // by as many tiles as the dilation
        axis.tiles = axis.target_extent / filled * axis.dilation +
                     std::min(axis.target_extent % filled, axis.dilation);
        problem.frequencies *= axis.frequencies;
        problem.tiles *= axis.tiles;
    }
    return problem;
}

// Elements for the transforms of a strip, or of a block of weights.
index_t strip_workspace(const Problem& problem, index_t lanes) {
    const Axis* axis = problem.axis;
    const index_t strip = std::min(MAX_STRIP, axis[2].tiles);
    const index_t columns = axis[2].dilation > 1
                                ? std::min(strip, axis[2].dilation) * axis[2].frequencies
                                : strip * axis[2].tile + axis[2].taps - 1;
    const index_t rows = axis[0].frequencies * axis[1].frequencies;
    const index_t weights = 8 * problem.taps + problem.frequencies;
    return round_up(std::max(rows * (columns | 1), weights) * lanes, 16);
}

// Root mean square error in two dimensions, in units of eps, as matrices.py shows it.
double error_units(const Axis& axis) {
    if (axis.taps == 1) return 1;
    if (axis.taps == 3) return axis.tile == 5 ? 13 : axis.tile == 4 ? 6.2 : 2.2;
    if (axis.taps == 7) return axis.tile == 4 ? 139 : 35;
    return axis.tile == 4 ? 27 : 8.4;
}

double error_units(const Problem& problem) {
    double product = 1;
    for (const Axis& axis : problem.axis) product *= error_units(axis);
    return product;
}

bool accurate(const Problem& problem, Operation operation) {
    return error_units(problem) <= (operation == GRAD_WEIGHT ? MOST_GRADIENT_UNITS : MOST_UNITS);
}

// Tiles of `size` elements each that stay in the level 2 cache, or else in `shared` elements of the
// last level.
index_t tiles_in_cache(index_t size, index_t most, index_t shared) {
    const index_t fit = index_t(level2_bytes()) / 3 / size;
    return std::min(most, fit >= LEAST_TILES ? fit : shared / size);
}

}  // namespace

std::vector<Problem> tilings(const Geometry& geometry, Operation operation) {
    const Problem whole = untiled(geometry, operation);
    std::vector<Problem> all;
    for (const Tiles& tile : choices(whole)) {
        const Problem problem = tiled(whole, tile);
        if (accurate(problem, operation)) all.push_back(problem);
    }
    return all;
}

Tiling::Tiling(const Problem& tiled, Operation which, const Table& kernels, const Request& request)
    : problem(tiled),
      operation(which),
      lanes(kernels.lanes),
      rows(kernels.tile_rows),
      width(kernels.panel_width),
      threads(request.threads),
      source(round_up(tiled.source_channels, lanes)),
      target(round_up(tiled.target_channels, lanes)),
      panels(quotient(tiled.target_channels, width)) {
    block.strip_workspace = strip_workspace(problem, lanes);
    const index_t bound = index_t(request.max_workspace / sizeof(float));
    if (operation == GRAD_WEIGHT) {
        choose_gradient(bound);
    } else if (problem.tiles <= FEW_TILES) {
        choose_few(bound);
    } else {
        choose_many(bound, request.batch_invariant ? SHARED_DEPTH : DEPTH);
        // What fits for few tiles fits for many.
        if (request.batch_invariant && size > bound) choose_few(bound);
    }
}

size_t Tiling::prepared_bytes() const {
    return size_t(panels * problem.frequencies * block.prepared_pitch) * sizeof(float);
}

index_t Tiling::depth(index_t most) const {
    const bool magnified = error_units(problem) > EXACT_UNITS;
    return std::min(source, round_up(magnified ? EXACT_DEPTH : most, lanes));
}

void Tiling::set_pitches(index_t tiles, index_t depth) {
    block.tiles = tiles;
    block.source_pitch = odd_lines(source * tiles);
    block.product_pitch = odd_lines(tiles * block.panels * width);
    block.weight_pitch = odd_lines(depth * width);
    block.prepared_pitch = odd_lines(source * width);
    block.far = prepared_bytes() > FAR * level2_bytes();
}

// Tiles in equal blocks of at most `most`; in whole register tiles, but for few blocks, of which
// each thread is to have as many as the others.
index_t Tiling::even_tiles(index_t most) const {
    const index_t blocks = quotient(problem.tiles, most);
    if (blocks >= 8 * threads) return round_up(quotient(problem.tiles, blocks), rows);
    return quotient(problem.tiles, round_up(blocks, threads));
}

void Tiling::choose_many(index_t bound, index_t most_channels) {
    const index_t f = problem.frequencies;
    block.depth = depth(most_channels);
    block.panels = std::min(panels, PANELS);
    const index_t most = tiles_in_cache(f * source, MOST_TILES, SOURCE_ELEMENTS);
    set_pitches(even_tiles(std::max<index_t>(most, rows)), source);
    const auto buffers = [&] {
        return threads * (f * (block.source_pitch + block.product_pitch) + block.strip_workspace);
    };
    while (buffers() > bound / 2 && block.tiles > rows)
        set_pitches(round_up(block.tiles / 2, rows), source);
    range = std::max<index_t>(1, std::min(panels, (bound - buffers()) / panel_size()));
    range = quotient(panels, quotient(panels, range));
    size = range * panel_size() + buffers();
}

void Tiling::choose_few(index_t bound) {
    const index_t f = problem.frequencies;
    few = true;
    block.depth = depth(SHARED_DEPTH);
    block.panels = std::min(panels, PANELS);
    set_pitches(std::min(problem.tiles, FEW_TILES), block.depth);
    const auto all = [&] {
        return f * block.source_pitch + threads * (block.panels * panel_size() +
                                                   f * block.product_pitch + block.strip_workspace);
    };
    while (all() > bound && block.tiles > rows)
        set_pitches(round_up(block.tiles / 2, rows), block.depth);
    size = all();
}

// Returns what the workspace then takes, for one thread.
index_t Tiling::set_gradient_pitches(index_t tiles, index_t channels) {
    const index_t f = problem.frequencies;
    block.tiles = tiles;
    block.rows = channels;
    block.source_pitch = odd_lines(source * tiles);
    block.target_pitch = odd_lines(channels * tiles);
    block.weight_pitch = odd_lines(source);
    block.product_pitch = f * block.weight_pitch;
    return f * (block.source_pitch + block.target_pitch) + channels * block.product_pitch +
           block.strip_workspace;
}

// The blocks decide the order of the sums: by what one thread needs.
void Tiling::choose_gradient(index_t bound) {
    const index_t f = problem.frequencies;
    const index_t most =
        tiles_in_cache(f * (source + target) / 2, MOST_GRADIENT_TILES, GRADIENT_ELEMENTS / 2);
    index_t tiles = quotient(problem.tiles, std::max(most, LEAST_TILES));
    tiles = quotient(problem.tiles, tiles);
    index_t channels = target;
    // Few tiles are transformed once, so that the channels may be done part by part.
    if (tiles == problem.tiles)
        channels = std::min(channels, round_up(SUM_ELEMENTS / (f * source) + 1, lanes));
    while (set_gradient_pitches(tiles, channels) > bound && channels > lanes)
        channels = round_up(channels / 2, lanes);
    while (set_gradient_pitches(tiles, channels) > bound && tiles > 1) tiles = quotient(tiles, 2);
    size = set_gradient_pitches(tiles, channels) + (threads - 1) * block.strip_workspace;
}

}  // namespace convcore::winograd
