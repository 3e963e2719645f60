// Small problems: nothing is packed, and one thread does all of a problem.
#include "small/method.h"

#include <string.h>

#include <algorithm>

#include "machine/processor.h"
#include "problem/dtypes.h"
#include "problem/integers.h"
#include "reference/reference.h"
#include "small/cost.h"
#include "small/tiling.h"

namespace convcore::small {

namespace {

// Seconds of one correlation; lanes that belong to no position work in vain.
double seconds_of(const Correlation& problem, const Layout& layout, int lanes, int itemsize) {
    const double channels = double(problem.groups * problem.source_channels);
    const double products = double(layout.vectors) * lanes * double(layout.taps) * channels *
                            double(problem.target_channels);
    const double most = layout.vectors == 1 ? EFFICIENCY_OF_VECTOR : EFFICIENCY;
    const double share = std::min(most, EFFICIENCY_OF_CHANNEL * double(problem.target_channels));
    return 2 * products / (share * peak_flops(lanes, itemsize)) +
           STRIP_SECONDS * channels * double(layout.strips) +
           VECTOR_SECONDS * double(layout.vectors);
}

template <class T>
class SmallCorrelation : public Method {
  public:
    // `all` is to be carried out for each of `times` parts of the batch.
    SmallCorrelation(const Request& request, const Routines<T>& kernels, Correlations all,
                     index_t times)
        : kernels_(kernels),
          parts_(std::move(all.parts)),
          times_(times),
          threads_(int(std::min<index_t>(request.threads, times))),
          clear_(all.clear * times) {
        for (const OwnedCorrelation& part : parts_) {
            layouts_.emplace_back(part.problem, kernels_.lanes);
            elements_ = std::max(elements_, layouts_.back().layout.elements);
        }
    }

    const char* name() const override { return "small"; }
    size_t workspace() const override { return size_t(elements_ * threads_) * sizeof(T); }

    Outcome run(const void* first, const void* second, void* result, void* workspace,
                int threads) const override {
        const T* source = static_cast<const T*>(first);
        const T* weight = static_cast<const T*>(second);
        T* target = static_cast<T*>(result);
        if (clear_) memset(target, 0, size_t(clear_) * sizeof(T));
        for (size_t i = 0; i < parts_.size(); ++i) {
            const Correlation& problem = parts_[i].problem;
            const Axis& batch = problem.axis[0];
            if (kernels_.correlate(problem, layouts_[i].layout, times_, source, weight, target,
                                   static_cast<T*>(workspace), std::min(threads, threads_)))
                continue;
            for (index_t n = 0; n < times_; ++n)
                reference_correlate(problem, source + n * batch.count * batch.source_pitch, weight,
                                    target + n * batch.count * batch.target_pitch);
        }
        return DONE;
    }

    std::string describe() const override {
        index_t vectors = 0;
        for (const OwnedLayout& owned : layouts_) vectors += owned.layout.vectors;
        return "small, nothing packed, " + std::to_string(vectors) + " vectors of positions" +
               (times_ > 1 ? " for each sample" : "");
    }

    double seconds(int threads) const override {
        double sum = 0;
        for (size_t i = 0; i < parts_.size(); ++i)
            sum +=
                seconds_of(parts_[i].problem, layouts_[i].layout, kernels_.lanes, int(sizeof(T)));
        return CALL_SECONDS + sum * double(times_) / std::min(threads, threads_);
    }

  private:
    const Routines<T>& kernels_;
    std::vector<OwnedCorrelation> parts_;
    std::vector<OwnedLayout> layouts_;
    const index_t times_;
    const int threads_;
    const index_t clear_;  // elements of the result to set to zero first
    index_t elements_ = 0;
};

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Table& table) {
    const index_t times = request.batch_invariant ? geometry.batch : 1;
    Correlations all = correlations(with_batch(geometry, geometry.batch / times), operation);
    for (const OwnedCorrelation& part : all.parts)
        if (copied_elements(part.problem) * sizeof(T) > MAX_COPY_BYTES) return nullptr;
    auto method =
        std::make_unique<SmallCorrelation<T>>(request, of<T>(table), std::move(all), times);
    if (method->workspace() > request.max_workspace) return nullptr;
    return method;
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Table& table) {
    const double times = request.batch_invariant ? double(geometry.batch) : 1;
    if (operation == GRAD_WEIGHT || geometry.flop() > MAX_FLOP * times) return nullptr;
    return for_dtype(request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, table);
    });
}

}  // namespace convcore::small
