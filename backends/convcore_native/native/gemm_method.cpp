// Implicit matrix products: any problem, best where a group has many channels.
#include "gemm_method.h"

#include <string.h>

#include <algorithm>

#include "careful.h"
#include "machine.h"

namespace convcore {

namespace {

index_t quotient(index_t a, index_t b) { return (a + b - 1) / b; }
index_t round_up(index_t a, index_t b) { return quotient(a, b) * b; }

bool padded(const Correlation& problem) {
    for (int a = 0; a < problem.axes; ++a) {
        const Axis& axis = problem.axis[a];
        for (index_t t = 0; t < axis.taps; ++t) {
            const index_t last = (axis.count - 1) * axis.step + axis.shift[t];
            if (axis.shift[t] < 0 || last >= axis.extent) return true;
        }
    }
    return false;
}

// Depth in equal steps of at most 256 terms: a panel of each operand then stays in the level 1
// cache, and a sum has partial ones of that length.
constexpr index_t MAX_DEPTH = 256;

index_t even_depth(index_t depth) { return quotient(depth, quotient(depth, MAX_DEPTH)); }

template <class T>
Blocking correlate_blocking(const OwnedCorrelation& owned, const Routines<T>& kernels,
                            int threads) {
    const Correlation& problem = owned.problem;
    const index_t width = kernels.panel_columns, positions = owned.positions();
    const index_t cache = index_t(level2_bytes()) / index_t(sizeof(T));
    Blocking block{};
    block.depth = even_depth(owned.depth());
    block.rows = std::max<index_t>(kernels.panel_rows, cache / 4 / block.depth);
    index_t columns = std::max(width, cache / 2 / block.depth / width * width);
    columns = std::min(columns, MAX_BLOCK_COLUMNS / width * width);
    // Equal parts for the threads where there are few.
    index_t parts = quotient(positions, columns);
    if (parts < 8 * threads) parts = round_up(parts, threads);
    block.columns = std::min(columns, round_up(quotient(positions, parts), width));
    parts = quotient(positions, block.columns);
    const index_t tasks = problem.groups * parts;
    const index_t panels = quotient(problem.target_channels, kernels.panel_rows);
    block.row_tasks = tasks >= threads ? 1 : std::min(panels, quotient(threads, tasks));
    block.slices = 1;
    return block;
}

template <class T>
class GemmCorrelation : public Method {
  public:
    GemmCorrelation(const Request& request, std::vector<OwnedCorrelation> parts, double flop,
                    index_t clear)
        : kernels_(routines<T>(*request.kernels)), parts_(std::move(parts)), flop_(flop),
          clear_(clear) {
        for (const OwnedCorrelation& part : parts_) {
            blocks_.push_back(correlate_blocking(part, kernels_, request.threads));
            padded_.push_back(padded(part.problem));
            const Correlation& problem = part.problem;
            const Blocking& block = blocks_.back();
            packed_ = std::max(packed_, round_up(problem.groups * problem.target_channels *
                                                     part.depth(), ALIGNMENT));
            buffer_ = std::max(buffer_, block.depth * block.columns);
        }
        fits_ = bytes(request.threads) <= request.max_workspace;
        threads_ = request.threads;
    }

    size_t workspace() const override { return fits_ ? bytes(threads_) : 0; }

    void run(const void* source, const void* weight, void* result, void* workspace,
             int threads) const override {
        T* target = static_cast<T*>(result);
        if (clear_) memset(target, 0, size_t(clear_) * sizeof(T));
        for (size_t i = 0; i < parts_.size(); ++i)
            run_part(i, static_cast<const T*>(source), static_cast<const T*>(weight), target,
                     static_cast<T*>(workspace), threads);
    }

    std::string describe() const override {
        if (!fits_) return "definition, no workspace";
        if (parts_.empty()) return "no tap reaches the input";
        const Blocking& block = blocks_[0];
        return "implicit gemm, tile " + std::to_string(kernels_.panel_rows) + "x" +
               std::to_string(kernels_.panel_columns) + ", block " +
               std::to_string(block.depth) + "x" + std::to_string(block.columns) +
               (parts_.size() > 1 ? ", " + std::to_string(parts_.size()) + " phases" : "");
    }

    double seconds(int threads) const override {
        return flop_ / (0.8 * peak_flops(int(sizeof(T))) * threads) + 5e-6;
    }

  private:
    void run_part(size_t i, const T* source, const T* weight, T* target, T* workspace,
                  int threads) const {
        const Correlation& problem = parts_[i].problem;
        if (!fits_) return careful_correlate(problem, source, weight, target);
        T* packed = workspace;
        const bool finite = kernels_.pack_weight(problem, blocks_[i], weight, packed, threads);
        if (padded_[i] && !finite) return careful_correlate(problem, source, weight, target);
        kernels_.correlate(problem, blocks_[i], source, packed, target, workspace + packed_,
                           threads);
    }

    size_t bytes(int threads) const {
        return size_t(packed_ + buffer_ * threads) * sizeof(T);
    }

    static constexpr index_t ALIGNMENT = 16;
    const Routines<T>& kernels_;
    std::vector<OwnedCorrelation> parts_;
    std::vector<Blocking> blocks_;
    std::vector<bool> padded_;
    double flop_;
    index_t clear_;  // elements of the result to set to zero first
    index_t packed_ = 0, buffer_ = 0;
    int threads_;
    bool fits_;
};

template <class T>
Blocking gradient_blocking(const OwnedCorrelation& owned, const Routines<T>& kernels) {
    const Correlation& problem = owned.problem;
    const index_t cache = index_t(level2_bytes()) / index_t(sizeof(T));
    const index_t width = kernels.panel_columns, terms = owned.depth();
    const index_t rows = problem.target_channels, positions = owned.positions();
    Blocking block{};
    block.rows = std::min<index_t>(rows, 512);
    block.columns = std::min(round_up(terms, width), 256 / width * width);
    const index_t depth = cache * 3 / 4 / (block.rows + block.columns);
    block.depth = std::min(std::max<index_t>(depth, 64), MAX_DEPTH);
    const index_t tasks =
        problem.groups * quotient(rows, block.rows) * quotient(terms, block.columns);
    // The number of slices decides the order of the sum: it depends on the problem alone.
    block.slices = std::max<index_t>(
        1, std::min(quotient(16, tasks), positions / (4 * block.depth)));
    block.row_tasks = 1;
    return block;
}

template <class T>
class GemmWeightGradient : public Method {
  public:
    GemmWeightGradient(const Request& request, OwnedCorrelation correlation, double flop)
        : kernels_(routines<T>(*request.kernels)), correlation_(std::move(correlation)),
          block_(gradient_blocking(correlation_, kernels_)),
          padded_(padded(correlation_.problem)), flop_(flop), threads_(request.threads) {
        result_ = correlation_.problem.groups * correlation_.problem.weight_group_pitch;
        fits_ = bytes() <= request.max_workspace;
    }

    size_t workspace() const override { return fits_ ? bytes() : 0; }

    void run(const void* grad_output, const void* input, void* result, void* workspace,
             int threads) const override {
        const T* target = static_cast<const T*>(grad_output);
        const T* source = static_cast<const T*>(input);
        T* weight = static_cast<T*>(result);
        const Correlation& problem = correlation_.problem;
        if (fits_) {
            kernels_.weight_gradient(problem, block_, target, source, weight,
                                     static_cast<T*>(workspace), threads);
            // A NaN in a sum stays there; one that met the padding does not belong there.
            if (!padded_ || finite(weight)) return;
        }
        careful_weight_gradient(problem, target, source, weight);
    }

    std::string describe() const override {
        if (!fits_) return "definition, no workspace";
        return "implicit gemm over pixels, tile " + std::to_string(kernels_.panel_rows) + "x" +
               std::to_string(kernels_.panel_columns) + ", block " +
               std::to_string(block_.depth) + "x" + std::to_string(block_.columns) + ", " +
               std::to_string(block_.slices) + " slices";
    }

    double seconds(int threads) const override {
        return flop_ / (0.7 * peak_flops(int(sizeof(T))) * threads) + 5e-6;
    }

  private:
    bool finite(const T* weight) const {
        T sum = T(0);
        for (index_t i = 0; i < result_; ++i) sum += weight[i] - weight[i];
        return sum == T(0);
    }

    size_t bytes() const {
        return size_t((block_.slices - 1) * result_ +
                      block_.depth * (block_.rows + block_.columns) * threads_) * sizeof(T);
    }

    const Routines<T>& kernels_;
    OwnedCorrelation correlation_;
    Blocking block_;
    bool padded_;
    double flop_;
    index_t result_;
    int threads_;
    bool fits_;
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
