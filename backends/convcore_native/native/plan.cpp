#include "plan.h"

#include "gemm_method.h"
#include "threads.h"
#include "tiny_method.h"
#include "workspace.h"

namespace convcore {

namespace {

// Waking a sleeping pool was measured to take 35 to 56 us.
constexpr double SECONDS_WORTH_THREADS = 100e-6;

std::unique_ptr<Method> direct_method(const Geometry& geometry, Operation operation,
                                      const Request& request) {
    auto best = gemm_method(geometry, operation, request);
    auto tiny = tiny_method(geometry, operation, request);
    if (tiny != nullptr && tiny->seconds(request.threads) < best->seconds(request.threads))
        return tiny;
    return best;
}

}  // namespace

template <>
const Routines<float>& routines(const Kernels& kernels) { return kernels.f32; }
template <>
const Routines<double>& routines(const Kernels& kernels) { return kernels.f64; }

struct Plan::Chosen {
    explicit Chosen(std::unique_ptr<Method> made)
        : method(std::move(made)), workspace(method->workspace()),
          worth_threads(method->seconds(1) > SECONDS_WORTH_THREADS) {}

    const std::unique_ptr<Method> method;
    const size_t workspace;
    const bool worth_threads;
};

Plan::Plan(const Geometry& geometry, Algorithm algorithm, const Request& request)
    : geometry_(geometry), algorithm_(algorithm), request_(request), chosen_{} {}

Plan::~Plan() {
    for (auto& one : chosen_) delete one.load();
}

const Plan::Chosen& Plan::chosen(Operation operation) {
    const Chosen* found = chosen_[operation].load(std::memory_order_acquire);
    if (found != nullptr) return *found;
    auto made = std::make_unique<Chosen>(direct_method(geometry_, operation, request_));
    // Where another thread was faster, its choice, which is the same, stays.
    return chosen_[operation].compare_exchange_strong(found, made.get()) ? *made.release() : *found;
}

bool Plan::run(Operation operation, const void* first, const void* second, void* result) {
    const Chosen& one = chosen(operation);
    const Workspace workspace(one.workspace);
    if (one.workspace != 0 && workspace.data() == nullptr) return false;
    const int threads = one.worth_threads ? usable_threads(request_.threads) : 1;
    one.method->run(first, second, result, workspace.data(), threads);
    return true;
}

size_t Plan::workspace(Operation operation) { return chosen(operation).workspace; }
std::string Plan::describe(Operation operation) { return chosen(operation).method->describe(); }
double Plan::seconds(Operation operation) {
    const Chosen& one = chosen(operation);
    return one.method->seconds(one.worth_threads ? request_.threads : 1);
}

}  // namespace convcore
