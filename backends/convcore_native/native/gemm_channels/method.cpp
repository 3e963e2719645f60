// Implicit matrix products: any problem, best where a group has many channels.
#include "gemm_channels/method.h"

#include <algorithm>
#include <utility>

#include "gemm_channels/cost.h"
#include "gemm_channels/tiling.h"
#include "machine/processor.h"
#include "machine/threads.h"
#include "problem/dtypes.h"
#include "problem/integers.h"
#include "reference/reference.h"

namespace convcore::gemm_channels {

namespace {

// The share of what else is expected that products reach with few channels: a single vector of
// target channels leaves too few sums to hide the latency, few terms leave the tiles short, and
// the weight gradient copies single source channels. Measured on AMD Zen 3 with AVX2, 2026.
double product_share(const Geometry& geometry, Operation operation, int lanes) {
    const index_t in_channels = geometry.in_channels / geometry.groups;
    const index_t out_channels = geometry.out_channels / geometry.groups;
    const bool single = (operation == GRAD_INPUT ? in_channels : out_channels) <= lanes;
    const double sources = double(operation == GRAD_INPUT ? out_channels : in_channels);
    const double terms = sources * double(geometry.taps());
    const double share = (single ? 0.65 : 1.0) * terms / (terms + 5);
    return operation == GRAD_WEIGHT && in_channels < 4 ? 0.7 * share : share;
}

template <class T>
class GemmMethod : public Method {
  public:
    GemmMethod(const Request& request, const Routines<T>& kernels, double share)
        : kernels_(kernels),
          threads_(request.threads),
          bound_(request.max_workspace),
          share_(share) {}

    const char* name() const override { return "gemm_channels"; }
    size_t workspace() const override { return size_t(elements_) * sizeof(T); }

    double seconds(int threads) const override { return CALL_SECONDS + work_ / usable(threads); }

    // Whether the weight, or some of it at a time, can be packed.
    bool fits() const { return fits_; }

  protected:
    int usable(int threads) const { return std::min(threads, threads_); }

    // Passes whose `copies` of the packed weight fit beside the threads' buffers. No more threads
    // than leave a quarter of the memory to the weight.
    std::vector<Pass> plan_passes(const OwnedCorrelation& owned, index_t copies, index_t buffer) {
        const index_t each = owned.depth() * copies;
        const index_t bound = index_t(bound_ / sizeof(T)) - ALIGNMENT;
        const index_t all_packed =
            round_up(owned.problem.target_channels, kernels_.lanes) * each * owned.problem.groups;
        // At least one vector: what one thread can do must not change with more of them.
        const index_t kept = std::max(std::min(all_packed, bound / 4), kernels_.lanes * each);
        const index_t fit = (bound - kept) / buffer;
        threads_ = int(std::max<index_t>(1, std::min<index_t>(threads_, fit)));
        const index_t room = bound - buffer * threads_;
        std::vector<Pass> all = passes(owned.problem, each, kernels_.lanes, room);
        packed_.push_back(0);
        if (all.empty()) {
            fits_ = false;
            return all;
        }
        const Correlation& largest = all[0].problem;
        packed_.back() = round_up(largest.groups * padded_channels(largest) * each, ALIGNMENT);
        elements_ = std::max(elements_, packed_.back() + buffer * threads_);
        return all;
    }

    index_t padded_channels(const Correlation& problem) const {
        return round_up(problem.target_channels, kernels_.lanes);
    }

    // Seconds of one core for the products, idle lanes included, and for `blocks` slabs.
    double multiply_seconds(const OwnedCorrelation& owned, const OwnedBlocking& blocking) const {
        const Correlation& problem = owned.problem;
        const double groups = double(problem.groups),
                     copied = double(blocking.blocks()) *
                              double(blocking.block.copies ? blocking.block.channel_pitch : 0);
        const double products =
            double(owned.positions()) * double(padded_channels(problem)) * double(owned.depth());
        const double flops = EFFICIENCY * share_ * peak_of<T>(kernels_.lanes);
        return groups * (TASK_SECONDS + 2 * products / flops +
                         copied * double(problem.source_channels) * MOVE_SECONDS);
    }

    std::string describe_block(const Blocking& block) const {
        return "tile " + std::to_string(kernels_.panel_rows) + "x" +
               std::to_string(kernels_.panel_width) + ", blocks of " +
               std::to_string(block.positions) + " positions by " + std::to_string(block.channels) +
               " channels" + (block.copies ? ", copied" : "");
    }

    static constexpr index_t ALIGNMENT = 64 / index_t(sizeof(T));
    const Routines<T>& kernels_;
    int threads_;  // that there is memory for
    const size_t bound_;
    const double share_;
    std::vector<index_t> packed_;  // elements of the packed weight, for each correlation
    index_t elements_ = 0;         // of the whole workspace
    double work_ = 0;              // seconds of one core
    bool fits_ = true;
};

template <class T>
class GemmCorrelation : public GemmMethod<T> {
  public:
    // The blocks of source channels are those of `usual`, if there is one for each part.
    GemmCorrelation(const Request& request, const Routines<T>& kernels, double share,
                    Correlations all, const std::vector<OwnedCorrelation>& usual)
        : GemmMethod<T>(request, kernels, share), parts_(std::move(all.parts)), clear_(all.clear) {
        const index_t width = this->kernels_.panel_width;
        for (size_t i = 0; i < parts_.size(); ++i) {
            const OwnedCorrelation& part = parts_[i];
            const index_t settled =
                usual.empty() ? 0 : correlation_blocking(usual[i], width, request).block.channels;
            blocking_.push_back(correlation_blocking(part, width, request, settled));
            const Blocking& block = blocking_.back().block;
            const bool split = block.channels < part.problem.source_channels;
            const index_t channels = split ? this->padded_channels(part.problem) : width;
            const index_t buffer = block.slab + block.range * channels;
            passes_.push_back(this->plan_passes(part, 1, buffer));
            this->work_ += seconds_of(part, blocking_.back());
        }
    }

    Outcome run(const void* source, const void* weight, void* result, void* workspace,
                int threads) const override {
        T* target = static_cast<T*>(result);
        clear_bytes(target, size_t(clear_) * sizeof(T), threads);
        for (size_t i = 0; i < parts_.size(); ++i)
            run_part(i, static_cast<const T*>(source), static_cast<const T*>(weight), target,
                     static_cast<T*>(workspace), this->usable(threads));
        return DONE;
    }

    std::string describe() const override {
        if (parts_.empty()) return "no tap reaches the input";
        return "implicit gemm, " + this->describe_block(blocking_[0].block) +
               (parts_.size() > 1 ? ", " + std::to_string(parts_.size()) + " phases" : "");
    }

  private:
    double seconds_of(const OwnedCorrelation& part, const OwnedBlocking& blocking) const {
        const Correlation& problem = part.problem;
        const double channels = double(problem.groups * problem.target_channels);
        const double depth = double(part.depth()), positions = double(part.positions());
        return this->multiply_seconds(part, blocking) +
               channels * (depth + positions) * MOVE_SECONDS;
    }

    void run_part(size_t i, const T* source, const T* weight, T* target, T* workspace,
                  int threads) const {
        const Blocking& block = blocking_[i].block;
        for (const Pass& pass : passes_[i]) {
            const T* from = source + pass.source;
            const T* weights = weight + pass.weight;
            T* to = target + pass.target;
            const bool finite =
                this->kernels_.pack_weight(pass.problem, block, weights, workspace, threads);
            if (block.padded && !finite) {
                reference_correlate(pass.problem, from, weights, to);
            } else {
                this->kernels_.correlate(pass.problem, block, from, workspace, to,
                                         workspace + this->packed_[i], threads);
            }
        }
    }

    std::vector<OwnedCorrelation> parts_;
    std::vector<OwnedBlocking> blocking_;
    std::vector<std::vector<Pass>> passes_;
    const index_t clear_;  // elements of the result to set to zero first
};

// With one tap that reads what stands at the same place, source and target may change places. The
// target, which is transposed, should have the fewer channels (64 to 256 channels of 56 x 56, 1 x
// 1, AMD Zen 3, 2026: 0.86 of the time).
bool worth_exchanging(const Correlation& problem) {
    return problem.target_channels > problem.source_channels &&
           std::all_of(problem.axis, problem.axis + problem.axes,
                       [](const Axis& axis) { return plain(axis, axis.shift[0]); });
}

void exchange(Correlation& problem) {
    std::swap(problem.source_channels, problem.target_channels);
    std::swap(problem.source_channel_pitch, problem.target_channel_pitch);
    std::swap(problem.weight_source_pitch, problem.weight_target_pitch);
    for (int a = 0; a < problem.axes; ++a)
        std::swap(problem.axis[a].source_pitch, problem.axis[a].target_pitch);
}

template <class T>
class GemmWeightGradient : public GemmMethod<T> {
  public:
    GemmWeightGradient(const Request& request, const Routines<T>& kernels, double share,
                       OwnedCorrelation correlation, bool exchanged)
        : GemmMethod<T>(request, kernels, share),
          exchanged_(exchanged),
          correlation_(std::move(correlation)),
          blocking_(gradient_blocking(correlation_, request)) {
        const Blocking& block = blocking_.block;
        const index_t buffer = block.slab + block.positions * this->kernels_.panel_width;
        passes_ = this->plan_passes(correlation_, block.slices, buffer);
        const Correlation& problem = correlation_.problem;
        const double channels = double(problem.groups * problem.target_channels);
        const double depth = double(correlation_.depth());
        const double positions = double(correlation_.positions());
        const double parts = double(quotient(problem.source_channels, block.channels));
        const double weights = channels * depth * double(block.slices);
        const bool far = weights * sizeof(T) > double(level2_bytes()),
                   one = correlation_.taps() == 1;
        const double stored = !far ? AGAIN_SECONDS : one ? FAR_SECONDS : MOVE_SECONDS;
        this->work_ = this->multiply_seconds(correlation_, blocking_) + weights * stored +
                      channels * positions * (MOVE_SECONDS + (parts - 1) * AGAIN_SECONDS) +
                      (block.skips_padding ? products() * parts * PRODUCT_SECONDS : 0);
    }

    Outcome run(const void* grad_output, const void* input, void* result, void* workspace,
                int threads) const override {
        const T* target = static_cast<const T*>(exchanged_ ? input : grad_output);
        const T* source = static_cast<const T*>(exchanged_ ? grad_output : input);
        T* weight = static_cast<T*>(result);
        const Blocking& block = blocking_.block;
        for (const Pass& pass : passes_)
            this->kernels_.weight_gradient(pass.problem, block, target + pass.target,
                                           source + pass.source, weight + pass.weight,
                                           static_cast<T*>(workspace), this->usable(threads));
        // A NaN in a sum stays there; one that met the padding does not belong there.
        const Correlation& whole = correlation_.problem;
        const index_t count = whole.groups * whole.weight_group_pitch;
        if (block.padded && !this->kernels_.all_finite(weight, count))
            reference_weight_gradient(whole, target, source, weight);
        return DONE;
    }

    std::string describe() const override {
        return "implicit gemm over positions, " + this->describe_block(blocking_.block) + ", " +
               std::to_string(blocking_.block.slices) + " slices" +
               (blocking_.block.skips_padding ? ", without padding" : "");
    }

  private:
    // How many products a block of source channels is cut into where padding is left out: the
    // positions that read the same taps inside have one for each of them.
    double products() const {
        const Correlation& problem = correlation_.problem;
        double products = double(problem.groups * blocking_.blocks() *
                                 quotient(problem.target_channels, this->kernels_.panel_width));
        for (int a = 0; a < problem.axes; ++a) {
            const Axis& axis = problem.axis[a];
            products *= double(axis.taps * std::min(axis.count, axis.taps));
        }
        return products;
    }

    const bool exchanged_;  // source and target
    const OwnedCorrelation correlation_;
    const OwnedBlocking blocking_;
    std::vector<Pass> passes_;
};

template <class M>
std::unique_ptr<Method> fitting(std::unique_ptr<M> method) {
    return method->fits() ? std::move(method) : nullptr;
}

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Tables& tables) {
    const Routines<T>& kernels = of<T>(tables);
    const double share = product_share(geometry, operation, kernels.lanes);
    Correlations all = correlations(geometry, operation);
    if (operation == GRAD_WEIGHT) {
        const bool exchanged = worth_exchanging(all.parts[0].problem);
        if (exchanged) exchange(all.parts[0].problem);
        return fitting(std::make_unique<GemmWeightGradient<T>>(request, kernels, share,
                                                               std::move(all.parts[0]), exchanged));
    }
    Correlations usual{};
    if (request.batch_invariant) usual = correlations(with_batch(geometry, USUAL_BATCH), operation);
    return fitting(
        std::make_unique<GemmCorrelation<T>>(request, kernels, share, std::move(all), usual.parts));
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Tables& tables) {
    return for_dtype(request.integers, request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, tables);
    });
}

}  // namespace convcore::gemm_channels
