// Implicit matrix products with target positions as lanes.
#include "gemm_positions/method.h"

#include <algorithm>
#include <numeric>

#include "gemm_positions/cost.h"
#include "gemm_positions/tiling.h"
#include "machine/processor.h"
#include "machine/threads.h"
#include "problem/dtypes.h"
#include "problem/integers.h"
#include "reference/reference.h"

namespace convcore::gemm_positions {

namespace {

template <class T>
class GemmPositions : public Method {
  public:
    GemmPositions(const Request& request, const Routines<T>& kernels, Correlations all)
        : kernels_(kernels), parts_(std::move(all.parts)), clear_(all.clear) {
        for (const OwnedCorrelation& part : parts_) {
            blocks_.push_back(choose_blocking(part, {kernels_.channel_rows, kernels_.tile_width},
                                              int(sizeof(T)), request.threads));
            packed_.push_back(round_up(packed_size(part), 64 / index_t(sizeof(T))));
        }
        if (parts_.size() == 1) settle_tap();
        if (clear_ && parts_.size() == 1)
            blocks_[0].spread_rows = spread_rows(parts_[0].problem, kernels_.lanes);
        for (size_t i = 0; i < parts_.size(); i = together_.back().end) {
            const bool pair =
                i + 1 < parts_.size() && take_turns(parts_[i].problem, parts_[i + 1].problem);
            together_.push_back({i, i + (pair ? 2 : 1)});
            if (pair) make_alike(parts_[i].problem.axes, &blocks_[i], &blocks_[i + 1]);
            index_t weights = 0, products = 0;
            for (size_t j = i; j < together_.back().end; ++j) {
                weights += packed_[j];
                products += blocks_[j].product;
                work_ += seconds_of(parts_[j], blocks_[j], pair);
            }
            const index_t each = blocks_[i].columns + products + blocks_[i].loads;
            elements_ = std::max(elements_, weights + shared_size(i) + each * request.threads);
        }
    }

    const char* name() const override { return "gemm_positions"; }
    size_t workspace() const override { return size_t(elements_) * sizeof(T); }

    double seconds(int threads) const override { return CALL_SECONDS + work_ / threads; }

    Outcome run(const void* source, const void* weight, void* result, void* workspace,
                int threads) const override {
        T* target = static_cast<T*>(result);
        T* const packed = static_cast<T*>(workspace);
        if (!blocks_[0].spread_rows) clear(target, threads);
        for (const Together& some : together_) {
            T* rest = packed;
            bool usable = true;
            for (size_t i = some.begin; i < some.end; rest += packed_[i++])
                usable = pack(i, weight, rest, threads) && usable;
            if (usable) {
                correlate(some, source, blocks_[0].in_place ? lying(weight) : packed, target, rest,
                          threads);
                continue;
            }
            if (blocks_[0].spread_rows) clear(target, threads);
            for (size_t i = some.begin; i < some.end; ++i)
                reference_correlate(parts_[i].problem, static_cast<const T*>(source),
                                    static_cast<const T*>(weight), target);
        }
        return DONE;
    }

    size_t prepared_bytes() const override {
        return size_t(std::accumulate(packed_.begin(), packed_.end(), index_t(0))) * sizeof(T);
    }

    bool prepare(const void* weight, void* prepared, void* /*workspace*/,
                 int threads) const override {
        T* packed = static_cast<T*>(prepared);
        bool usable = true;
        for (size_t i = 0; i < parts_.size(); packed += packed_[i++])
            usable = pack(i, weight, packed, threads) && usable;
        return usable;
    }

    Outcome run_prepared(const void* source, const void* prepared, void* result, void* workspace,
                         int threads) const override {
        const T* packed = static_cast<const T*>(prepared);
        T* target = static_cast<T*>(result);
        if (!blocks_[0].spread_rows) clear(target, threads);
        for (const Together& some : together_)
            packed = correlate(some, source, packed, target, static_cast<T*>(workspace), threads);
        return DONE;
    }

    std::string describe() const override {
        const Blocking& block = blocks_[0];
        return "implicit gemm, positions as lanes, tile " + std::to_string(kernels_.channel_rows) +
               "x" + std::to_string(kernels_.tile_width) + ", " + std::to_string(block.blocks) +
               " blocks, " + std::to_string(block.depth) + " of " +
               std::to_string(parts_[0].depth()) + " terms at a time" +
               (parts_.size() > 1 ? ", " + std::to_string(parts_.size()) + " phases" : "") +
               (together_[0].end > 1 ? " in pairs" : "") +
               (block.spread_rows ? ", with the zeros between" : "") +
               (block.shared ? ", columns packed once" : "") +
               (skips_padding(parts_[0]) ? ", without padding" : "");
    }

  private:
    // What one tap alone allows.
    void settle_tap() {
        blocks_[0].in_place = in_place(parts_[0], kernels_.tile_width, int(sizeof(T)));
        if (blocks_[0].in_place) packed_[0] = 0;
        share_columns(parts_[0], kernels_.tile_width, int(sizeof(T)), &blocks_[0]);
    }

    index_t shared_size(size_t part) const {
        return parts_[part].problem.groups * blocks_[part].blocks * blocks_[part].shared;
    }

    void clear(T* target, int threads) const {
        clear_bytes(target, size_t(clear_) * sizeof(T), threads);
    }

    // A weight that is read where it lies.
    const T* lying(const void* weight) const {
        return static_cast<const T*>(weight) + parts_[0].problem.axis[0].weight_offset[0];
    }

    // Whether it may be used: zeros for the padding must not meet what is not finite.
    bool pack(size_t part, const void* weight, T* packed, int threads) const {
        if (blocks_[part].in_place) return true;
        const bool finite = kernels_.pack_weight(parts_[part].problem, blocks_[part],
                                                 static_cast<const T*>(weight), packed, threads);
        return finite || !parts_[part].padded();
    }

    // Parts that are computed and stored together, at most two.
    struct Together {
        size_t begin, end;
    };

    // Returns where the packed weights of the next ones stand.
    const T* correlate(const Together& some, const void* source, const T* packed, T* target,
                       T* workspace, int threads) const {
        Part<T> part[2];
        for (size_t i = some.begin; i < some.end; packed += packed_[i++])
            part[i - some.begin] = {&parts_[i].problem, &blocks_[i], packed};
        kernels_.correlate(part, int(some.end - some.begin), static_cast<const T*>(source), target,
                           workspace, threads);
        return packed;
    }

    static index_t packed_size(const OwnedCorrelation& part) {
        return part.problem.groups * part.problem.target_channels * part.depth();
    }

    double seconds_of(const OwnedCorrelation& part, const Blocking& block, bool takes_turns) const {
        const Correlation& problem = part.problem;
        const Axis& last = problem.axis[problem.axes - 1];
        const double depth = double(part.depth()), positions = double(part.positions());
        const double tiles = double(quotient(part.positions(), kernels_.tile_width));
        const double taps =
            double(part.taps() * quotient(problem.source_channels, block.source_channels));
        const double columns = tiles * (depth * (last.step > 2 ? GATHERED_SECONDS : ENTRY_SECONDS) +
                                        taps * TAP_SECONDS);
        // Tiles of several regions meet padding still: about half of it (as above, 0.91 and 0.85).
        const double inside = skips_padding(part) ? (1 + part.inside()) / 2 : 1;
        const double products = double(round_up(part.positions(), kernels_.lanes)) * depth *
                                inside *
                                double(round_up(problem.target_channels, kernels_.channel_rows));
        const double results = double(problem.target_channels) * positions *
                               (takes_turns             ? JOINED_SECONDS
                                : last.target_pitch > 1 ? SCATTERED_SECONDS
                                                        : RESULT_SECONDS);
        return double(problem.groups) *
                   (2 * products / (EFFICIENCY * peak_of<T>(kernels_.lanes)) + columns + results) +
               (block.in_place ? 0 : double(packed_size(part)) * WEIGHT_SECONDS);
    }

    const Routines<T>& kernels_;
    std::vector<OwnedCorrelation> parts_;
    std::vector<Blocking> blocks_;
    std::vector<index_t> packed_;  // elements of the packed weight
    std::vector<Together> together_;
    const index_t clear_;   // elements of the result that some have to set to zero
    index_t elements_ = 0;  // of the whole workspace
    double work_ = 0;       // seconds of one core
};

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Tables& tables) {
    const Routines<T>& kernels = of<T>(tables);
    Correlations all = correlations(geometry, operation);
    const index_t rows = kernels.channel_rows;
    if (all.parts.empty() || all.parts[0].problem.target_channels < rows) return nullptr;
    auto method = std::make_unique<GemmPositions<T>>(request, kernels, std::move(all));
    if (method->workspace() > request.max_workspace) return nullptr;
    return method;
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Tables& tables) {
    if (operation == GRAD_WEIGHT) return nullptr;
    return for_dtype(request.integers, request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, tables);
    });
}

}  // namespace convcore::gemm_positions
