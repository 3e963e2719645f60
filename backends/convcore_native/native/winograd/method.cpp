// Minimal filtering: what runs when, and how long it should take.
#include "winograd/method.h"

#include <algorithm>

#include "machine/processor.h"
#include "problem/integers.h"
#include "winograd/cost.h"
#include "winograd/tiling.h"

namespace convcore::winograd {

namespace {

int transformed_axes(const Problem& problem) {
    return int(std::count_if(problem.axis, problem.axis + AXES,
                             [](const Axis& axis) { return axis.taps > 1; }));
}

bool dilated(const Problem& problem) {
    return std::any_of(problem.axis, problem.axis + AXES,
                       [](const Axis& axis) { return axis.dilation > 1; });
}

// Seconds of one core, but for the call.
double work(const Tiling& tiling) {
    const Problem& problem = tiling.problem;
    const double f = double(problem.frequencies), tiles = double(problem.tiles);
    const double pairs = double(tiling.source) * double(tiling.panels * tiling.width);
    // A register tile of few rows waits for its sums.
    const double rows = std::max(tiles, double(4 * quotient(problem.tiles, tiling.rows)));
    const double products =
        2 * f * rows * pairs / (PRODUCT_EFFICIENCY * peak_flops(tiling.lanes, int(sizeof(float))));
    const index_t strip = std::min(problem.axis[2].dilation, MAX_STRIP);
    const double shortness = strip > 1 ? 1 + STRIP_TILES / double(strip) : 1;
    const double transforms =
        f * tiles * shortness * double(tiling.source + tiling.target) / double(tiling.lanes);
    const double weights = f * pairs / double(tiling.lanes);
    const bool gradient = tiling.operation == GRAD_WEIGHT;
    const double share = (gradient ? GRADIENT_SHARE : 1) * (dilated(problem) ? DILATED_SHARE : 1);
    const double once = products + transforms * (transformed_axes(problem) + 1) * TRANSFORM_VECTOR +
                        weights * (gradient ? GRADIENT_VECTOR : WEIGHT_VECTOR);
    return once * share;
}

class WinogradMethod : public Method {
  public:
    WinogradMethod(const Tiling& tiling, const Table& kernels)
        : kernels_(kernels), tiling_(tiling), work_(work(tiling)) {}

    const char* name() const override { return "winograd"; }
    size_t workspace() const override { return size_t(tiling_.size) * sizeof(float); }
    double seconds(int threads) const override { return work_ / threads + CALL; }

    Outcome run(const void* first, const void* second, void* result, void* workspace,
                int threads) const override {
        const float* left = static_cast<const float*>(first);
        const float* right = static_cast<const float*>(second);
        float* to = static_cast<float*>(result);
        float* room = static_cast<float*>(workspace);
        const Problem& problem = tiling_.problem;
        const Blocking& block = tiling_.block;
        if (tiling_.operation == GRAD_WEIGHT)
            return outcome(
                kernels_.weight_gradient(problem, block, left, right, to, room, threads));
        if (tiling_.few)
            return outcome(
                kernels_.correlate_few(problem, block, left, right, nullptr, to, room, threads));
        float* buffers = room + tiling_.range * tiling_.panel_size();
        bool finite = true;
        for (index_t panel = 0; panel < tiling_.panels; panel += tiling_.range) {
            const index_t end = std::min(panel + tiling_.range, tiling_.panels);
            kernels_.transform_weight(problem, block, right, room, panel, end, buffers, threads);
            finite &=
                kernels_.correlate(problem, block, left, room, to, panel, end, buffers, threads);
        }
        return outcome(finite);
    }

    size_t prepared_bytes() const override {
        return tiling_.operation == GRAD_WEIGHT ? 0 : tiling_.prepared_bytes();
    }

    bool prepare(const void* weight, void* prepared, void* workspace, int threads) const override {
        Blocking block = tiling_.block;
        block.weight_pitch = block.prepared_pitch;
        kernels_.transform_weight(tiling_.problem, block, static_cast<const float*>(weight),
                                  static_cast<float*>(prepared), 0, tiling_.panels,
                                  static_cast<float*>(workspace), threads);
        return true;
    }

    Outcome run_prepared(const void* source, const void* prepared, void* target, void* workspace,
                         int threads) const override {
        const float* from = static_cast<const float*>(source);
        const float* weights = static_cast<const float*>(prepared);
        float* to = static_cast<float*>(target);
        float* room = static_cast<float*>(workspace);
        const Problem& problem = tiling_.problem;
        const Blocking& block = tiling_.block;
        if (tiling_.few)
            return outcome(
                kernels_.correlate_few(problem, block, from, nullptr, weights, to, room, threads));
        return outcome(kernels_.correlate(problem, block, from, weights, to, 0, tiling_.panels,
                                          room, threads));
    }

    std::string describe() const override {
        std::string tiles;
        for (const Axis& axis : tiling_.problem.axis)
            if (axis.taps > 1)
                tiles += " F(" + std::to_string(axis.tile) + "," + std::to_string(axis.taps) + ")";
        return "winograd" + tiles + ", block " + std::to_string(tiling_.block.tiles) + " of " +
               std::to_string(tiling_.problem.tiles) + " tiles" + (tiling_.few ? ", shared" : "");
    }

  private:
    const Table& kernels_;
    const Tiling tiling_;
    const double work_;  // seconds of one core
};

std::unique_ptr<Method> fitting(const Problem& problem, Operation operation, const Request& request,
                                const Table& table) {
    const Tiling tiling(problem, operation, table, request);
    if (size_t(tiling.size) * sizeof(float) > request.max_workspace) return nullptr;
    return std::make_unique<WinogradMethod>(tiling, table);
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Table& table) {
    // The tiles decide the results: by what one thread can do, and the batch must not change them
    // where that is wanted. The weight gradient is a sum over the batch.
    const bool any_batch = request.batch_invariant && operation != GRAD_WEIGHT;
    Request alone = request;
    alone.threads = 1;
    const std::vector<Problem> judged =
        tilings(any_batch ? with_batch(geometry, USUAL_BATCH) : geometry, operation);
    size_t best = 0;
    std::unique_ptr<Method> method;
    for (size_t i = 0; i < judged.size(); ++i) {
        auto made = fitting(judged[i], operation, alone, table);
        if (made == nullptr) continue;
        if (method != nullptr && made->seconds(1) >= method->seconds(1)) continue;
        best = i;
        method = std::move(made);
    }
    if (method == nullptr || (request.threads == 1 && !any_batch)) return method;
    return fitting(tilings(geometry, operation)[best], operation, request, table);
}

}  // namespace convcore::winograd
