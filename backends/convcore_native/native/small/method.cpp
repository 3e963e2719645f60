// Small problems: nothing is packed, and one thread does all.
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
    const double share =
        std::min(EFFICIENCY, EFFICIENCY_OF_CHANNEL * double(problem.target_channels));
    return 2 * products / (share * peak_flops(lanes, itemsize)) +
           STRIP_SECONDS * channels * double(layout.strips) +
           VECTOR_SECONDS * double(layout.vectors);
}

template <class T>
class SmallCorrelation : public Method {
  public:
    SmallCorrelation(const Routines<T>& kernels, Correlations all)
        : kernels_(kernels), parts_(std::move(all.parts)), clear_(all.clear) {
        for (const OwnedCorrelation& part : parts_) {
            layouts_.emplace_back(part.problem, kernels_.lanes);
            elements_ = std::max(elements_, layouts_.back().layout.elements);
        }
    }

    const char* name() const override { return "small"; }
    size_t workspace() const override { return size_t(elements_) * sizeof(T); }

    Outcome run(const void* first, const void* second, void* result, void* workspace,
                int) const override {
        const T* source = static_cast<const T*>(first);
        const T* weight = static_cast<const T*>(second);
        T* target = static_cast<T*>(result);
        if (clear_) memset(target, 0, size_t(clear_) * sizeof(T));
        for (size_t i = 0; i < parts_.size(); ++i) {
            const Correlation& problem = parts_[i].problem;
            if (!kernels_.correlate(problem, layouts_[i].layout, source, weight, target,
                                    static_cast<T*>(workspace)))
                reference_correlate(problem, source, weight, target);
        }
        return DONE;
    }

    std::string describe() const override {
        index_t vectors = 0;
        for (const OwnedLayout& owned : layouts_) vectors += owned.layout.vectors;
        return "small, nothing packed, " + std::to_string(vectors) + " vectors of positions";
    }

    double seconds(int) const override {
        double sum = CALL_SECONDS;
        for (size_t i = 0; i < parts_.size(); ++i)
            sum +=
                seconds_of(parts_[i].problem, layouts_[i].layout, kernels_.lanes, int(sizeof(T)));
        return sum;
    }

  private:
    const Routines<T>& kernels_;
    std::vector<OwnedCorrelation> parts_;
    std::vector<OwnedLayout> layouts_;
    index_t clear_;  // elements of the result to set to zero first
    index_t elements_ = 0;
};

template <class T>
std::unique_ptr<Method> make(const Geometry& geometry, Operation operation, const Request& request,
                             const Table& table) {
    Correlations all = correlations(geometry, operation);
    for (const OwnedCorrelation& part : all.parts)
        if (copied_elements(part.problem) * sizeof(T) > MAX_COPY_BYTES) return nullptr;
    auto method = std::make_unique<SmallCorrelation<T>>(of<T>(table), std::move(all));
    if (method->workspace() > request.max_workspace) return nullptr;
    return method;
}

}  // namespace

std::unique_ptr<Method> make_method(const Geometry& geometry, Operation operation,
                                    const Request& request, const Table& table) {
    if (operation == GRAD_WEIGHT || geometry.flop() > MAX_FLOP) return nullptr;
    return for_dtype(request.itemsize, [&](auto zero) {
        return make<decltype(zero)>(geometry, operation, request, table);
    });
}

}  // namespace convcore::small
