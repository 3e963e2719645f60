// Problems with few positions: nothing is packed.
#include "few_positions/method.h"

#include <string.h>

#include <algorithm>

#include "few_positions/cost.h"
#include "few_positions/tiling.h"
#include "machine/processor.h"
#include "problem/dtypes.h"
#include "problem/integers.h"
#include "reference/reference.h"

namespace convcore::few_positions {

namespace {

// Seconds of one core for a correlation whose terms are the lanes.
double dot_seconds(const Correlation& problem, const Layout& layout, double flops) {
    const double groups = double(problem.groups), dots = double(layout.dots);
    const double targets = groups * double(problem.target_channels);
    const double terms = double(problem.source_channels * layout.taps);
    return dots * (ENTRY_SECONDS * terms * groups + SUM_SECONDS * targets) +
           targets * terms * (WEIGHT_SECONDS + 2 * dots / (EFFICIENCY * flops));
}

// The same with positions as lanes; those that belong to no position work in vain.
double lane_seconds(const Correlation& problem, const Layout& layout, int rows, int lanes,
                    double flops) {
    const double channels = double(problem.groups * problem.source_channels);
    const double products = double(layout.vectors) * lanes * double(layout.taps) * channels *
                            double(problem.target_channels);
    const double most = layout.vectors == 1 ? EFFICIENCY_OF_VECTOR
                        : rows < TALL_ROWS  ? EFFICIENCY
                                            : TALL_EFFICIENCY;
    const double share = std::min(most, EFFICIENCY_OF_CHANNEL * double(problem.target_channels));
    const double tiles =
        double(problem.groups * quotient(problem.source_channels, layout.channels) *
               quotient(problem.target_channels, rows) * quotient(layout.vectors, TILE_VECTORS));
    return 2 * products / (share * flops) + TILE_SECONDS * tiles +
           STRIP_SECONDS * channels * double(layout.strips) +
           VECTOR_SECONDS * double(layout.vectors);
}

// So many problems alike, and the elements from one to the next.
struct Samples {
    index_t count, source, target;
};

Samples samples_of(const Geometry& geometry, Operation operation, bool apart) {
    if (!apart) return {1, 0, 0};
    const index_t input = geometry.in_channels * geometry.input_positions();
    const index_t output = geometry.out_channels * geometry.output_positions();
    if (operation == GRAD_INPUT) return {geometry.batch, output, input};
    return {geometry.batch, input, output};
}

template <class T>
class FewPositions : public Method {
  public:
    // `all` is to be carried out for each of some samples.
    FewPositions(const Routines<T>& kernels, Correlations all, const Samples& samples, int threads)
        : kernels_(kernels),
          parts_(std::move(all.parts)),
          samples_(samples),
          clear_(all.clear * samples.count),
          threads_(threads) {
        for (const OwnedCorrelation& part : parts_) {
            const Correlation& problem = part.problem;
            layouts_.emplace_back(problem, kernels_.rows, kernels_.lanes, int(sizeof(T)), threads);
            const Layout& layout = layouts_.back().layout;
            elements_ = std::max(elements_, workspace_of(problem, layout));
            work_ += seconds_of(problem, layout);
        }
    }

    const char* name() const override { return "few_positions"; }
    size_t workspace() const override { return size_t(elements_) * sizeof(T); }

    Outcome run(const void* first, const void* second, void* result, void* workspace,
                int threads) const override {
        const T* source = static_cast<const T*>(first);
        const T* weight = static_cast<const T*>(second);
        T* target = static_cast<T*>(result);
        if (clear_) memset(target, 0, size_t(clear_) * sizeof(T));
        for (index_t n = 0; n < samples_.count; ++n)
            for (size_t i = 0; i < parts_.size(); ++i)
                run_part(i, source + n * samples_.source, weight, target + n * samples_.target,
                         static_cast<T*>(workspace), std::min(threads, threads_));
        return DONE;
    }

    std::string describe() const override {
        index_t vectors = 0;
        for (const OwnedLayout& owned : layouts_) vectors += owned.layout.vectors;
        if (vectors == 0) return "few positions, nothing packed, terms as lanes";
        return "few positions, nothing packed, " + std::to_string(vectors) + " vectors of them" +
               (samples_.count > 1 ? " for each sample" : "");
    }

    double seconds(int threads) const override {
        return (CALL_SECONDS + work_ / std::min(threads, threads_)) * double(samples_.count);
    }

  private:
    void run_part(size_t i, const T* source, const T* weight, T* target, T* workspace,
                  int threads) const {
        const Correlation& problem = parts_[i].problem;
        const Layout& layout = layouts_[i].layout;
        const bool finite =
            kernels_.correlate(problem, layout, source, weight, target, workspace, threads);
        if ((layout.padded || layout.dots) && !finite)
            reference_correlate(problem, source, weight, target);
    }

    index_t workspace_of(const Correlation& problem, const Layout& layout) const {
        if (layout.together) return threads_ * layout.together * (layout.elements + layout.product);
        return problem.groups * layout.elements + threads_ * layout.product;
    }

    double seconds_of(const Correlation& problem, const Layout& layout) const {
        const double flops = peak_of<T>(kernels_.lanes);
        double seconds = 0;
        if (layout.dots) seconds += dot_seconds(problem, layout, flops);
        if (layout.vectors)
            seconds += lane_seconds(problem, layout, kernels_.rows, kernels_.lanes, flops);
        return seconds;
    }

    const Routines<T>& kernels_;
    std::vector<OwnedCorrelation> parts_;
    std::vector<OwnedLayout> layouts_;
    const Samples samples_;
    const index_t clear_;  // elements of the result to set to zero first
    const int threads_;
    index_t elements_ = 0;
    double work_ = 0;  // seconds of one core
};

// All samples together, or one after the other.
template <class T>
std::unique_ptr<Method> make_for(const Geometry& geometry, Operation operation,
                                 const Request& request, const Tables& tables, bool apart) {
    const Samples samples = samples_of(geometry, operation, apart);
    const Geometry sample = with_batch(geometry, geometry.batch / samples.count);
    Correlations all = correlations(sample, operation);
    const index_t most = MAX_VECTORS * of<T>(tables).lanes;
    for (const OwnedCorrelation& part : all.parts)
        if (part.positions() > most || copied_elements(part.problem) * sizeof(T) > MAX_COPY_BYTES)
            return nullptr;
    auto method =
        std::make_unique<FewPositions<T>>(of<T>(tables), std::move(all), samples, request.threads);
    if (method->workspace() > request.max_workspace) return nullptr;
    return method;
}

// Together where that is not too much. Else apart if groups have one channel: the weights of more
// would be too many to read them again for each sample.
template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Tables& tables) {
    const bool depthwise =
        geometry.in_channels == geometry.groups && geometry.out_channels == geometry.groups;
    std::unique_ptr<Method> method;
    if (!request.batch_invariant) method = make_for<T>(geometry, operation, request, tables, false);
    if (!method && (request.batch_invariant || (depthwise && geometry.batch > 1)))
        method = make_for<T>(geometry, operation, request, tables, true);
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

}  // namespace convcore::few_positions
