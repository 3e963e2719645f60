// The definition: for any problem, without workspace, and slow.
#include "reference/method.h"

#include <algorithm>

#include "problem/dtypes.h"
#include "reference/reference.h"

namespace convcore {

namespace {

constexpr double CALL_SECONDS = 3e-6, FLOPS = 2e9;

template <class T>
class ReferenceMethod : public Method {
  public:
    ReferenceMethod(const Geometry& geometry, Operation operation)
        : operation_(operation), all_(correlations(geometry, operation)) {}

    const char* name() const override { return "reference"; }
    size_t workspace() const override { return 0; }
    std::string describe() const override { return "definition, no workspace"; }

    Outcome run(const void* first, const void* second, void* result, void*, int) const override {
        const T* a = static_cast<const T*>(first);
        const T* b = static_cast<const T*>(second);
        T* to = static_cast<T*>(result);
        std::fill_n(to, all_.clear, T(0));
        for (const OwnedCorrelation& part : all_.parts) {
            if (operation_ == GRAD_WEIGHT)
                reference_weight_gradient(part.problem, a, b, to);
            else
                reference_correlate(part.problem, a, b, to);
        }
        return DONE;
    }

    double seconds(int) const override {
        double products = 0;
        for (const OwnedCorrelation& part : all_.parts)
            products += double(part.problem.groups * part.problem.target_channels) *
                        double(part.depth()) * double(part.positions());
        return CALL_SECONDS + 2 * products / FLOPS;
    }

  private:
    const Operation operation_;
    const Correlations all_;
};

}  // namespace

std::unique_ptr<Method> reference_method(const Geometry& geometry, Operation operation,
                                         const Request& request) {
    return for_dtype(request.integers, request.itemsize, [&](auto zero) -> std::unique_ptr<Method> {
        return std::make_unique<ReferenceMethod<decltype(zero)>>(geometry, operation);
    });
}

}  // namespace convcore
