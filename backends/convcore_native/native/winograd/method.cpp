// Minimal filtering: which tiles, which blocks, and what they cost.
#include "winograd/method.h"

#include <algorithm>
#include <array>
#include <vector>

#include "problem/integers.h"
#include "machine/processor.h"

namespace convcore::winograd {

namespace {

// An odd number of cache lines between frequencies: else they would share the sets of the caches.
index_t odd_lines(index_t elements) { return (quotient(elements, 16) | 1) * 16; }

Winograd untiled(const Geometry& geometry, Operation operation) {
    const bool swapped = operation == GRAD_INPUT;
    const index_t taps = geometry.taps();
    Winograd problem{};
    problem.batch = geometry.batch;
    problem.source_channels = swapped ? geometry.out_channels : geometry.in_channels;
    problem.target_channels = swapped ? geometry.in_channels : geometry.out_channels;
    problem.weight_source_pitch = swapped ? geometry.in_channels * taps : taps;
    problem.weight_target_pitch = swapped ? taps : geometry.in_channels * taps;
    problem.flip = swapped;
    problem.taps = taps;
    for (int a = 0; a < WINOGRAD_AXES; ++a) {
        WinogradAxis& axis = problem.axis[a];
        const int from = a - (WINOGRAD_AXES - geometry.rank);
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

typedef std::array<index_t, WINOGRAD_AXES> Tiles;

// The tiles of all axes, in every combination of those that there are matrices for.
std::vector<Tiles> choices(const Winograd& problem) {
    std::vector<Tiles> result{{1, 1, 1}};
    for (int a = 0; a < WINOGRAD_AXES; ++a) {
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

Winograd tiled(Winograd problem, const Tiles& tile) {
    problem.frequencies = 1;
    problem.tiles = problem.batch;
    for (int a = 0; a < WINOGRAD_AXES; ++a) {
        WinogradAxis& axis = problem.axis[a];
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

index_t strip_workspace(const Winograd& problem, index_t lanes) {
    const WinogradAxis* axis = problem.axis;
    const index_t strip = std::min(MAX_STRIP, axis[2].tiles);
    const index_t columns = axis[2].dilation > 1
                                ? std::min(strip, axis[2].dilation) * axis[2].frequencies
                                : strip * axis[2].tile + axis[2].taps - 1;
    const index_t rows = axis[0].frequencies * axis[1].frequencies;
    const index_t weights = 8 * problem.taps + problem.frequencies;
    return round_up(std::max(rows * (columns | 1), weights) * lanes, 16);
}

// Root mean square error in two dimensions, in units of eps, as matrices.py shows it.
double error_units(const WinogradAxis& axis) {
    if (axis.taps == 1) return 1;
    if (axis.taps == 3) return axis.tile == 5 ? 13 : axis.tile == 4 ? 6.2 : 2.2;
    return axis.tile == 4 ? 27 : 8.4;
}

double error_units(const Winograd& problem) {
    double product = 1;
    for (const WinogradAxis& axis : problem.axis) product *= error_units(axis);
    return product;
}

// Results stay below an error of 1e-5 of the largest one with F(4, 5) twice; the gradient of the
// weight, whose sums are long and whose results few, needs a little more.
bool accurate(const Winograd& problem, Operation operation) {
    return error_units(problem) <= (operation == GRAD_WEIGHT ? 240 : 730);
}

// Sizes of blocks, and the seconds of the cost model: minima of interleaved runs on one core of an
// AMD EPYC (Zen 3) with AVX2.
constexpr index_t FEW_TILES = 160;   // up to here the threads share the tiles
constexpr index_t MOST_TILES = 112, MOST_GRADIENT_TILES = 128;
constexpr index_t DEPTH = 128, SHARED_DEPTH = 64;
// Where the transforms magnify errors, most are those of the sums over the channels: for F(5, 3)
// twice, 64 channels, 3.3e-6 of the largest result instead of 7.4e-6, in 1.04 of the time.
constexpr index_t CAREFUL_DEPTH = 32;
constexpr double CAREFUL_UNITS = 100;
constexpr index_t PANELS = 2;
// Transformed weights are fetched ahead where they are so many times as large as the level 2 cache.
constexpr size_t FAR = 2;
// Elements that transformed operands, and sums of the weight gradient, may take up in the last
// level cache.
constexpr index_t SOURCE_ELEMENTS = index_t(1) << 20, GRADIENT_ELEMENTS = 5 * (index_t(1) << 19);
constexpr index_t SUM_ELEMENTS = index_t(1) << 20;
// Fewer tiles than this gain less from the level 2 cache than they lose to the weights, which are
// read again for each block.
constexpr index_t LEAST_TILES = 24;
constexpr double PRODUCT_EFFICIENCY = 0.8;
// How much longer everything takes for the gradient of the weight.
constexpr double GRADIENT_SHARE = 1.25;
// The same for dilated problems, and how many tiles more their strips, which hold no more than the
// dilation, could transform in the time of one (64 and 256 channels of 16 x 16 to 56 x 56, dilated by
// 2 to 12, two cores: expected 0.7 to 1.4 of what it took).
constexpr double DILATED_SHARE = 1.25, STRIP_TILES = 4;
// A frequency of one vector of channels of a tile, for each axis and for the arrays; of one vector
// of weights; and of one of their gradients.
constexpr double TRANSFORM_VECTOR = 1e-9, WEIGHT_VECTOR = 2.5e-9, GRADIENT_VECTOR = 4e-9;
constexpr double CALL = 10e-6;

// Tiles of `size` elements each that stay in the level 2 cache, or else in `shared` elements of the
// last level.
index_t tiles_in_cache(index_t size, index_t most, index_t shared) {
    const index_t fit = index_t(level2_bytes()) / 3 / size;
    return std::min(most, fit >= LEAST_TILES ? fit : shared / size);
}

class WinogradMethod : public Method {
  public:
    WinogradMethod(const Winograd& problem, Operation operation, const Request& request,
                   const Table& kernels)
        : kernels_(kernels), problem_(problem), operation_(operation),
          threads_(request.threads), lanes_(kernels_.lanes), rows_(kernels_.tile_rows),
          width_(kernels_.panel_width) {
        source_ = round_up(problem.source_channels, lanes_);
        target_ = round_up(problem.target_channels, lanes_);
        panels_ = quotient(problem.target_channels, width_);
        block_.strip_workspace = strip_workspace(problem, lanes_);
        const index_t bound = index_t(request.max_workspace / sizeof(float));
        if (operation == GRAD_WEIGHT) {
            choose_gradient(bound);
        } else if (problem.tiles <= FEW_TILES) {
            choose_few(bound);
        } else {
            choose_many(bound);
        }
    }

    bool fits(const Request& request) const { return workspace() <= request.max_workspace; }
    const char* name() const override { return "winograd"; }
    size_t workspace() const override { return size_t(size_) * sizeof(float); }

    void run(const void* first, const void* second, void* result, void* workspace,
             int threads) const override {
        const float* one = static_cast<const float*>(first);
        const float* other = static_cast<const float*>(second);
        float* to = static_cast<float*>(result);
        float* work = static_cast<float*>(workspace);
        if (operation_ == GRAD_WEIGHT)
            return kernels_.weight_gradient(problem_, block_, one, other, to, work, threads);
        if (few_)
            return kernels_.correlate_few(problem_, block_, one, other, nullptr, to, work, threads);
        float* own = work + range_ * panel_size();
        for (index_t panel = 0; panel < panels_; panel += range_) {
            const index_t end = std::min(panel + range_, panels_);
            kernels_.transform_weight(problem_, block_, other, work, panel, end, own, threads);
            kernels_.correlate(problem_, block_, one, work, to, panel, end, own, threads);
        }
    }

    size_t prepared_bytes() const override {
        if (operation_ == GRAD_WEIGHT) return 0;
        return prepared_size();
    }

    bool prepare(const void* weight, void* prepared, void* workspace, int threads) const override {
        WinogradBlocking block = block_;
        block.weight_pitch = block_.prepared_pitch;
        kernels_.transform_weight(problem_, block, static_cast<const float*>(weight),
                                  static_cast<float*>(prepared), 0, panels_,
                                  static_cast<float*>(workspace), threads);
        return true;
    }

    void run_prepared(const void* source, const void* prepared, void* target, void* workspace,
                      int threads) const override {
        const float* from = static_cast<const float*>(source);
        const float* by = static_cast<const float*>(prepared);
        float* to = static_cast<float*>(target);
        float* work = static_cast<float*>(workspace);
        if (few_)
            return kernels_.correlate_few(problem_, block_, from, nullptr, by, to, work, threads);
        kernels_.correlate(problem_, block_, from, by, to, 0, panels_, work, threads);
    }

    std::string describe() const override {
        std::string tiles;
        for (const WinogradAxis& axis : problem_.axis)
            if (axis.taps > 1)
                tiles += " F(" + std::to_string(axis.tile) + "," + std::to_string(axis.taps) + ")";
        return "winograd" + tiles + ", block " + std::to_string(block_.tiles) + " of " +
               std::to_string(problem_.tiles) + " tiles" + (few_ ? ", shared" : "");
    }

    double seconds(int threads) const override {
        const double f = double(problem_.frequencies), tiles = double(problem_.tiles);
        const double pairs = double(source_) * double(panels_ * width_);
        // A register tile of few rows waits for its sums.
        const index_t groups = quotient(problem_.tiles, rows_);
        const double rows = std::max(tiles, double(4 * groups));
        const double products = 2 * f * rows * pairs / (PRODUCT_EFFICIENCY * peak_flops(int(lanes_), 4));
        const index_t strip = std::min(problem_.axis[2].dilation, MAX_STRIP);
        const double shortness = strip > 1 ? 1 + STRIP_TILES / double(strip) : 1;
        const double transforms =
            f * tiles * shortness * double(source_ + target_) / double(lanes_);
        const double weights = f * pairs / double(lanes_);
        int axes = 0;
        bool dilated = false;
        for (const WinogradAxis& axis : problem_.axis) {
            axes += axis.taps > 1;
            dilated = dilated || axis.dilation > 1;
        }
        const bool gradient = operation_ == GRAD_WEIGHT;
        const double share = (gradient ? GRADIENT_SHARE : 1) * (dilated ? DILATED_SHARE : 1);
        const double one = products + transforms * (axes + 1) * TRANSFORM_VECTOR +
                           weights * (gradient ? GRADIENT_VECTOR : WEIGHT_VECTOR);
        return one * share / threads + CALL;
    }

  private:
    size_t prepared_size() const {
        return size_t(panels_ * problem_.frequencies * block_.prepared_pitch) * sizeof(float);
    }

    index_t panel_size() const { return problem_.frequencies * block_.weight_pitch; }

    index_t depth(index_t most) const {
        const bool careful = error_units(problem_) > CAREFUL_UNITS;
        return std::min(source_, round_up(careful ? CAREFUL_DEPTH : most, lanes_));
    }

    void set_pitches(index_t tiles, index_t depth) {
        block_.tiles = tiles;
        block_.source_pitch = odd_lines(source_ * tiles);
        block_.product_pitch = odd_lines(tiles * block_.panels * width_);
        block_.weight_pitch = odd_lines(depth * width_);
        block_.prepared_pitch = odd_lines(source_ * width_);
        block_.far = prepared_size() > FAR * level2_bytes();
    }

    // Tiles in equal blocks of at most `most`; in whole register tiles, but for few blocks, of
    // which each thread is to have as many as the others.
    index_t even_tiles(index_t most) const {
        const index_t blocks = quotient(problem_.tiles, most);
        if (blocks >= 8 * threads_) return round_up(quotient(problem_.tiles, blocks), rows_);
        return quotient(problem_.tiles, round_up(blocks, threads_));
    }

    void choose_many(index_t bound) {
        const index_t f = problem_.frequencies;
        block_.depth = depth(DEPTH);
        block_.panels = std::min(panels_, PANELS);
        const index_t most = tiles_in_cache(f * source_, MOST_TILES, SOURCE_ELEMENTS);
        set_pitches(even_tiles(std::max(most, rows_)), source_);
        const auto own = [&] {
            return threads_ * (f * (block_.source_pitch + block_.product_pitch) + block_.strip_workspace);
        };
        while (own() > bound / 2 && block_.tiles > rows_)
            set_pitches(round_up(block_.tiles / 2, rows_), source_);
        range_ = std::max<index_t>(1, std::min(panels_, (bound - own()) / panel_size()));
        range_ = quotient(panels_, quotient(panels_, range_));
        size_ = range_ * panel_size() + own();
    }

    void choose_few(index_t bound) {
        const index_t f = problem_.frequencies;
        few_ = true;
        block_.depth = depth(SHARED_DEPTH);
        block_.panels = std::min(panels_, PANELS);
        set_pitches(problem_.tiles, block_.depth);
        const auto size = [&] {
            return f * block_.source_pitch +
                   threads_ * (block_.panels * panel_size() + f * block_.product_pitch +
                               block_.strip_workspace);
        };
        while (size() > bound && block_.tiles > rows_)
            set_pitches(round_up(block_.tiles / 2, rows_), block_.depth);
        size_ = size();
    }

    // The blocks decide the order of the sums: by what one thread needs.
    void choose_gradient(index_t bound) {
        const index_t f = problem_.frequencies;
        const auto size = [&](index_t tiles, index_t rows) {
            block_.tiles = tiles;
            block_.rows = rows;
            block_.source_pitch = odd_lines(source_ * tiles);
            block_.target_pitch = odd_lines(rows * tiles);
            block_.weight_pitch = odd_lines(source_);
            block_.product_pitch = f * block_.weight_pitch;
            return f * (block_.source_pitch + block_.target_pitch) +
                   rows * block_.product_pitch + block_.strip_workspace;
        };
        const index_t most = tiles_in_cache(f * (source_ + target_) / 2, MOST_GRADIENT_TILES,
                                            GRADIENT_ELEMENTS / 2);
        index_t tiles = quotient(problem_.tiles, std::max(most, LEAST_TILES));
        tiles = quotient(problem_.tiles, tiles);
        index_t rows = target_;
        // Few tiles are transformed once, so that the rows may be done part by part.
        if (tiles == problem_.tiles)
            rows = std::min(rows, round_up(SUM_ELEMENTS / (f * source_) + 1, lanes_));
        while (size(tiles, rows) > bound && rows > lanes_) rows = round_up(rows / 2, lanes_);
        while (size(tiles, rows) > bound && tiles > 1) tiles = quotient(tiles, 2);
        size_ = size(tiles, rows) + (threads_ - 1) * block_.strip_workspace;
    }

    const Table& kernels_;
    const Winograd problem_;
    const Operation operation_;
    const int threads_;
    const index_t lanes_, rows_, width_;
    index_t source_, target_, panels_;  // whole vectors of channels, panels of target channels
    WinogradBlocking block_{};
    bool few_ = false;
    index_t range_ = 0;  // panels whose weights are kept transformed at a time
    index_t size_ = 0;   // of the workspace, in elements
};

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Table& table) {
    const Winograd problem = untiled(geometry, operation);
    // The tiles decide the results: by what one thread can do.
    Request alone = request;
    alone.threads = 1;
    Winograd best{};
    std::unique_ptr<WinogradMethod> method;
    for (const Tiles& tile : choices(problem)) {
        const Winograd next = tiled(problem, tile);
        if (!accurate(next, operation)) continue;
        auto made = std::make_unique<WinogradMethod>(next, operation, alone, table);
        if (!made->fits(request)) continue;
        if (method != nullptr && made->seconds(1) >= method->seconds(1)) continue;
        best = next;
        method = std::move(made);
    }
    if (method == nullptr || request.threads == 1) return method;
    method = std::make_unique<WinogradMethod>(best, operation, request, table);
    return method->fits(request) ? std::move(method) : nullptr;
}

}  // namespace convcore::winograd
