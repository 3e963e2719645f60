// Implicit matrix products: any problem, best where a group has many channels.
#include "gemm_method.h"

#include <string.h>

#include <algorithm>

#include "blocking.h"
#include "careful.h"
#include "machine.h"

namespace convcore {

namespace {

index_t quotient(index_t a, index_t b) { return (a + b - 1) / b; }
index_t round_up(index_t a, index_t b) { return quotient(a, b) * b; }

// What is summed in registers, in equal steps: the packed panel stays in the level 1 cache, and a
// long sum is made of partial ones. Terms take a cache line each beside it (measured with 64
// channels of 56 x 56 on AMD Zen 3: 83 GFLOP/s with 128 terms, 70 with 256, of 102).
constexpr index_t MAX_TERMS = 128, MAX_POSITIONS = 256;
// Positions of a block: its product with a panel stays in the level 1 cache too.
constexpr index_t POSITIONS = MAX_POSITIONS;

index_t even(index_t all, index_t most) { return quotient(all, quotient(all, most)); }

bool strided(const Correlation& problem) {
    for (int a = 0; a < problem.axes; ++a)
        if (problem.axis[a].step > 1) return true;
    return false;
}

template <class T>
class GemmMethod : public Method {
  public:
    GemmMethod(const Request& request, double flop)
        : kernels_(routines<T>(*request.kernels)), flop_(flop), threads_(request.threads),
          bound_(request.max_workspace) {}

    size_t workspace() const override { return fits() ? elements() * sizeof(T) : 0; }

    double seconds(int threads) const override {
        return flop_ / (0.8 * peak_flops(int(sizeof(T))) * threads) + 5e-6;
    }

  protected:
    // Elements of scratch memory.
    virtual size_t elements() const = 0;
    bool fits() const { return elements() * sizeof(T) <= bound_; }

    index_t packed(const OwnedCorrelation& owned) const {
        const Correlation& problem = owned.problem;
        return problem.groups * padded_channels(problem) * owned.depth();
    }

    index_t padded_channels(const Correlation& problem) const {
        return round_up(problem.target_channels, kernels_.lanes);
    }

    // Of one thread, where a product has `channels` target channels.
    static index_t buffer(const Blocking& block, index_t channels) {
        return block.slab + block.positions * channels;
    }

    std::string describe_block(const Blocking& block) const {
        if (!fits()) return "definition, no workspace";
        return "tile " + std::to_string(kernels_.panel_rows) + "x" +
               std::to_string(kernels_.panel_width) + ", blocks of " +
               std::to_string(block.positions) + " positions by " +
               std::to_string(block.channels) + " channels" + (block.copies ? ", copied" : "");
    }

    const Routines<T>& kernels_;
    const double flop_;
    const int threads_;
    const size_t bound_;
};

template <class T>
OwnedBlocking correlate_blocking(const OwnedCorrelation& owned, const Routines<T>& kernels,
                                 int threads) {
    const Correlation& problem = owned.problem;
    const index_t pieces = quotient(2 * threads, problem.groups);
    const index_t panels = quotient(problem.target_channels, kernels.panel_width);
    // Every panel reads the block again.
    const bool copies = panels > 1 || strided(problem);
    const index_t slab = index_t(level2_bytes() / 2 / sizeof(T));
    OwnedBlocking blocking(owned, POSITIONS, slab, pieces, copies);
    Blocking& block = blocking.block;
    block.depth = even(block.terms, MAX_TERMS);
    const index_t tasks = problem.groups * blocking.blocks();
    if (tasks < threads) block.panel_tasks = std::min(panels, quotient(threads, tasks));
    return blocking;
}

template <class T>
class GemmCorrelation : public GemmMethod<T> {
  public:
    GemmCorrelation(const Request& request, std::vector<OwnedCorrelation> parts, double flop,
                    index_t clear)
        : GemmMethod<T>(request, flop), parts_(std::move(parts)), clear_(clear) {
        for (const OwnedCorrelation& part : parts_) {
            blocking_.push_back(correlate_blocking(part, this->kernels_, request.threads));
            packed_ = std::max(packed_, round_up(this->packed(part), 64 / index_t(sizeof(T))));
            const Blocking& block = blocking_.back().block;
            const bool split = block.channels < part.problem.source_channels;
            const index_t channels = split ? this->padded_channels(part.problem)
                                           : this->kernels_.panel_width;
            buffer_ = std::max(buffer_, this->buffer(block, channels));
        }
    }

    void run(const void* source, const void* weight, void* result, void* workspace,
             int threads) const override {
        T* target = static_cast<T*>(result);
        if (clear_) memset(target, 0, size_t(clear_) * sizeof(T));
        for (size_t i = 0; i < parts_.size(); ++i)
            run_part(i, static_cast<const T*>(source), static_cast<const T*>(weight), target,
                     static_cast<T*>(workspace), threads);
    }

    std::string describe() const override {
        if (parts_.empty()) return "no tap reaches the input";
        return "implicit gemm, " + this->describe_block(blocking_[0].block) +
               (parts_.size() > 1 ? ", " + std::to_string(parts_.size()) + " phases" : "");
    }

  private:
    void run_part(size_t i, const T* source, const T* weight, T* target, T* workspace,
                  int threads) const {
        const Correlation& problem = parts_[i].problem;
        const Blocking& block = blocking_[i].block;
        if (!this->fits()) return careful_correlate(problem, source, weight, target);
        const bool finite =
            this->kernels_.pack_weight(problem, block, weight, workspace, threads);
        if (block.padded && !finite) return careful_correlate(problem, source, weight, target);
        this->kernels_.correlate(problem, block, source, workspace, target, workspace + packed_,
                                 threads);
    }

    size_t elements() const override { return size_t(packed_ + buffer_ * this->threads_); }

    const std::vector<OwnedCorrelation> parts_;
    std::vector<OwnedBlocking> blocking_;
    const index_t clear_;  // elements of the result to set to zero first
    index_t packed_ = 0, buffer_ = 0;
};

// The blocks and slices decide the order of the sum: they depend on the problem alone.
template <class T>
OwnedBlocking gradient_blocking(const OwnedCorrelation& owned, index_t result, int threads) {
    const Correlation& problem = owned.problem;
    const index_t tasks = quotient(2 * threads, problem.groups);
    const index_t cache = index_t(level2_bytes() / 2 / sizeof(T));
    OwnedBlocking blocking(owned, POSITIONS, cache, 1, strided(problem));
    Blocking& block = blocking.block;
    block.depth = even(block.positions, MAX_POSITIONS);
    const index_t fit = std::max<index_t>(1, (index_t(2) << 20) / index_t(sizeof(T)) / result);
    block.slices = std::max<index_t>(1, std::min<index_t>({8, fit, blocking.blocks() / 4}));
    if (block.slices < tasks) blocking.cut_channels(problem, quotient(tasks, block.slices));
    return blocking;
}

template <class T>
class GemmWeightGradient : public GemmMethod<T> {
  public:
    GemmWeightGradient(const Request& request, OwnedCorrelation correlation, double flop)
        : GemmMethod<T>(request, flop), correlation_(std::move(correlation)),
          blocking_(gradient_blocking<T>(correlation_, this->packed(correlation_),
                                         request.threads)) {}

    void run(const void* grad_output, const void* input, void* result, void* workspace,
             int threads) const override {
        const T* target = static_cast<const T*>(grad_output);
        const T* source = static_cast<const T*>(input);
        T* weight = static_cast<T*>(result);
        const Correlation& problem = correlation_.problem;
        if (this->fits()) {
            this->kernels_.weight_gradient(problem, blocking_.block, target, source, weight,
                                           static_cast<T*>(workspace), threads);
            // A NaN in a sum stays there; one that met the padding does not belong there.
            if (!blocking_.block.padded || finite(weight)) return;
        }
        careful_weight_gradient(problem, target, source, weight);
    }

    std::string describe() const override {
        return "implicit gemm over positions, " + this->describe_block(blocking_.block) + ", " +
               std::to_string(blocking_.block.slices) + " slices";
    }

  private:
    bool finite(const T* weight) const {
        const index_t count = correlation_.problem.groups *
                              correlation_.problem.weight_group_pitch;
        T sum = T(0);
        for (index_t i = 0; i < count; ++i) sum += weight[i] - weight[i];
        return sum == T(0);
    }

    size_t elements() const override {
        const Blocking& block = blocking_.block;
        return size_t(block.slices * this->packed(correlation_) +
                      this->buffer(block, this->kernels_.panel_width) * this->threads_);
    }

    const OwnedCorrelation correlation_;
    const OwnedBlocking blocking_;
};

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation,
                             const Request& request) {
    if (operation == GRAD_WEIGHT)
        return std::make_unique<GemmWeightGradient<T>>(request, forward_correlation(geometry),
                                                       geometry.flop());
    std::vector<OwnedCorrelation> parts;
    bool covered = true;
    if (operation == FORWARD) {
        parts.push_back(forward_correlation(geometry));
    } else {
        parts = input_gradient_correlations(geometry, &covered);
    }
    const index_t clear =
        covered ? 0 : geometry.batch * geometry.in_channels * geometry.input_positions();
    return std::make_unique<GemmCorrelation<T>>(request, std::move(parts), geometry.flop(), clear);
}

}  // namespace

std::unique_ptr<Method> gemm_method(const Geometry& geometry, Operation operation,
                                    const Request& request) {
    return request.itemsize == 4 ? make<float>(geometry, operation, request)
                                 : make<double>(geometry, operation, request);
}

}  // namespace convcore
