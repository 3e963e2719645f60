// Implicit matrix products: any problem, best where a group has many channels.
#include "gemm_channels/method.h"

#include <algorithm>
#include <utility>

#include "gemm_channels/tiling.h"
#include "reference/reference.h"
#include "problem/dtypes.h"
#include "problem/integers.h"
#include "machine/processor.h"
#include "machine/threads.h"

namespace convcore::gemm_channels {

namespace {

// What is summed in registers, in equal steps: the packed panel stays in the level 1 cache, and a
// long sum is made of partial ones. Terms take a cache line each beside it (measured with 64
// channels of 56 x 56 on AMD Zen 3: 83 GFLOP/s with 128 terms, 70 with 256, of 102).
constexpr index_t MAX_TERMS = 128, MAX_POSITIONS = 256;
// Positions of a block: its product with a panel stays in the level 1 cache too.
constexpr index_t POSITIONS = MAX_POSITIONS;
// Weight gradients leave padding out tap by tap where so much of what is read is padding: the products
// are cut into smaller ones (256 channels of 33 x 33, dilated by 6, AMD Zen 4: 0.86 of the time; with
// 256-bit vectors and 16 registers 0.93, and 1.03 for 512 channels of 7 x 7, where 18 % are padding).
constexpr double SKIP_SHARE = 0.2;
// For estimates (AMD Zen 3, one core): the share of the peak that products reach, seconds to move
// an element with a transposition or a copy on the way, and of a call with nothing to do.
constexpr double EFFICIENCY = 0.85, MOVE_SECONDS = 0.5e-9, CALL_SECONDS = 3e-6;

bool strided(const Correlation& problem) {
    for (int a = 0; a < problem.axes; ++a)
        if (problem.axis[a].step > 1) return true;
    return false;
}

// The part of a problem that is carried out at a time, where the whole weight is too large for the
// workspace: some groups, or some target channels of one group.
struct Pass {
    Correlation problem;
    index_t source, target, weight;  // where its operands start
};

// Passes that need at most `room` elements, where a target channel takes `each`; none if even one
// vector of channels is too much.
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

template <class T>
class GemmMethod : public Method {
  public:
    GemmMethod(const Request& request, const Routines<T>& kernels)
        : kernels_(kernels), threads_(request.threads),
          bound_(request.max_workspace) {}

    const char* name() const override { return "gemm_channels"; }
    size_t workspace() const override { return size_t(elements_) * sizeof(T); }

    double seconds(int threads) const override { return CALL_SECONDS + work_ / usable(threads); }

    // Whether the weight, or some of it at a time, can be packed.
    bool fits() const { return fits_; }

  protected:
    int usable(int threads) const { return std::min(threads, threads_); }

    // Passes whose `copies` of the packed weight fit beside the threads' buffers. No more threads than
    // leave a quarter of the memory to the weight.
    std::vector<Pass> plan_passes(const OwnedCorrelation& owned, index_t copies, index_t buffer) {
        const index_t each = owned.depth() * copies;
        const index_t bound = index_t(bound_ / sizeof(T)) - ALIGNMENT;
        const index_t all_packed = round_up(owned.problem.target_channels, kernels_.lanes) * each *
                                   owned.problem.groups;
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
        const double groups = double(problem.groups), copied = double(blocking.blocks()) *
                              double(blocking.block.copies ? blocking.block.channel_pitch : 0);
        const double products = double(owned.positions()) * double(padded_channels(problem)) *
                                double(owned.depth());
        return groups * (2 * products / (EFFICIENCY * peak_flops(kernels_.lanes, int(sizeof(T)))) +
                         copied * double(problem.source_channels) * MOVE_SECONDS);
    }

    std::string describe_block(const Blocking& block) const {
        return "tile " + std::to_string(kernels_.panel_rows) + "x" +
               std::to_string(kernels_.panel_width) + ", blocks of " +
               std::to_string(block.positions) + " positions by " +
               std::to_string(block.channels) + " channels" + (block.copies ? ", copied" : "");
    }

    static constexpr index_t ALIGNMENT = 64 / index_t(sizeof(T));
    const Routines<T>& kernels_;
    int threads_;  // that there is memory for
    const size_t bound_;
    std::vector<index_t> packed_;  // elements of the packed weight, for each correlation
    index_t elements_ = 0;         // of the whole workspace
    double work_ = 0;              // seconds of one core
    bool fits_ = true;
};

// Elements of a slab: half of the level 2 cache, and a small part of the whole workspace.
template <class T>
index_t slab_elements(const Request& request) {
    return index_t(std::min(level2_bytes() / 2, request.max_workspace / 8) / sizeof(T));
}

// Blocks of several ranges, where all source channels fit and less is copied in all. Still enough
// of them for eight threads.
template <class T>
OwnedBlocking larger(OwnedBlocking blocking, const OwnedCorrelation& owned,
                     const Request& request) {
    const index_t channels = owned.problem.source_channels;
    OwnedBlocking large(owned, MAX_BLOCK_POSITIONS, slab_elements<T>(request), true, channels);
    const auto copied = [](const OwnedBlocking& one) {
        return double(one.blocks()) * double(one.block.channel_pitch);
    };
    const bool fits = large.block.channels == channels && large.block.positions > POSITIONS;
    const bool enough = owned.problem.groups * large.blocks() >= 16;
    return fits && enough && copied(large) < 0.75 * copied(blocking) ? std::move(large)
                                                                    : std::move(blocking);
}

template <class T>
OwnedBlocking correlate_blocking(const OwnedCorrelation& owned, const Routines<T>& kernels,
                                 const Request& request) {
    const Correlation& problem = owned.problem;
    const index_t panels = quotient(problem.target_channels, kernels.panel_width);
    // Every panel reads the block again.
    const bool copies = panels > 1 || strided(problem);
    OwnedBlocking blocking(owned, POSITIONS, slab_elements<T>(request), copies);
    if (blocking.block.copies) blocking = larger<T>(std::move(blocking), owned, request);
    Blocking& block = blocking.block;
    block.range = evenly(block.positions, POSITIONS);
    block.depth = evenly(block.terms, MAX_TERMS);
    const index_t tasks = problem.groups * blocking.blocks();
    block.panel_tasks = std::min(panels, quotient(4 * request.threads, tasks));
    blocking.finish(problem);
    return blocking;
}

template <class T>
class GemmCorrelation : public GemmMethod<T> {
  public:
    GemmCorrelation(const Request& request, const Routines<T>& kernels, Correlations all)
        : GemmMethod<T>(request, kernels), parts_(std::move(all.parts)), clear_(all.clear) {
        for (OwnedCorrelation& part : parts_) {
            blocking_.push_back(correlate_blocking(part, this->kernels_, request));
            const Blocking& block = blocking_.back().block;
            const bool split = block.channels < part.problem.source_channels;
            const index_t channels = split ? this->padded_channels(part.problem)
                                           : this->kernels_.panel_width;
            const index_t buffer = block.slab + block.range * channels;
            passes_.push_back(this->plan_passes(part, 1, buffer));
            this->work_ += seconds_of(part, blocking_.back());
        }
    }

    void run(const void* source, const void* weight, void* result, void* workspace,
             int threads) const override {
        T* target = static_cast<T*>(result);
        clear_bytes(target, size_t(clear_) * sizeof(T), threads);
        for (size_t i = 0; i < parts_.size(); ++i)
            run_part(i, static_cast<const T*>(source), static_cast<const T*>(weight), target,
                     static_cast<T*>(workspace), this->usable(threads));
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
            const T* by = weight + pass.weight;
            T* to = target + pass.target;
            const bool finite =
                this->kernels_.pack_weight(pass.problem, block, by, workspace, threads);
            if (block.padded && !finite) {
                reference_correlate(pass.problem, from, by, to);
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

// The blocks and slices decide the order of the sum, and the estimate: they depend on the problem
// alone. Enough tasks for eight threads, as many for each of two, four or eight.
template <class T>
OwnedBlocking gradient_blocking(const OwnedCorrelation& owned, const Request& request) {
    const Correlation& problem = owned.problem;
    const index_t tasks = quotient(8, problem.groups);
    OwnedBlocking blocking(owned, POSITIONS, slab_elements<T>(request), strided(problem));
    Blocking& block = blocking.block;
    block.depth = evenly(block.positions, MAX_POSITIONS);
    const index_t result = problem.groups * problem.weight_group_pitch;
    const index_t fit = (index_t(3) << 20) / index_t(sizeof(T)) / result;
    const index_t most = std::min<index_t>({8, fit, blocking.blocks() / 4});
    while (2 * block.slices <= most) block.slices *= 2;
    if (block.slices < tasks) blocking.cut_channels(problem, quotient(tasks, block.slices));
    block.skips_padding = 1 - owned.inside() >= SKIP_SHARE;
    blocking.finish(problem);
    return blocking;
}

// With one tap that reads what stands at the same place, source and target may change places. The
// target, which is transposed, should have the fewer channels (64 to 256 channels of 56 x 56, 1 x 1,
// AMD Zen 3: 0.86 of the time).
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
    GemmWeightGradient(const Request& request, const Routines<T>& kernels,
                       OwnedCorrelation correlation, bool exchanged)
        : GemmMethod<T>(request, kernels), exchanged_(exchanged), correlation_(std::move(correlation)),
          blocking_(gradient_blocking<T>(correlation_, request)) {
        const Blocking& block = blocking_.block;
        const index_t buffer = block.slab + block.positions * this->kernels_.panel_width;
        passes_ = this->plan_passes(correlation_, block.slices, buffer);
        const Correlation& problem = correlation_.problem;
        const double channels = double(problem.groups * problem.target_channels);
        const double depth = double(correlation_.depth());
        const double positions = double(correlation_.positions());
        const double parts = double(quotient(problem.source_channels, block.channels));
        this->work_ = this->multiply_seconds(correlation_, blocking_) +
                      channels * (depth * double(block.slices) + positions * parts) *
                          MOVE_SECONDS;
    }

    void run(const void* grad_output, const void* input, void* result, void* workspace,
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
    }

    std::string describe() const override {
        return "implicit gemm over positions, " + this->describe_block(blocking_.block) + ", " +
               std::to_string(blocking_.block.slices) + " slices" +
               (blocking_.block.skips_padding ? ", without padding" : "");
    }

  private:
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
                             const Table& table) {
    const Routines<T>& kernels = of<T>(table);
    Correlations all = correlations(geometry, operation);
    if (operation == GRAD_WEIGHT) {
        const bool exchanged = worth_exchanging(all.parts[0].problem);
        if (exchanged) exchange(all.parts[0].problem);
        return fitting(std::make_unique<GemmWeightGradient<T>>(
            request, kernels, std::move(all.parts[0]), exchanged));
    }
    return fitting(std::make_unique<GemmCorrelation<T>>(request, kernels, std::move(all)));
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Table& table) {
    return for_dtype(request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, table);
    });
}

}  // namespace convcore::gemm_channels
