#include "plan.h"

#include "direct.h"
#include "threads.h"
#include "tilefft_method.h"
#include "winograd_method.h"
#include "workspace.h"

namespace convcore {

namespace {

// Waking a sleeping pool was measured to take 35 to 56 us.
constexpr double SECONDS_WORTH_THREADS = 100e-6;

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
    const auto make = algorithm_ == TILEFFT    ? tilefft_method
                      : algorithm_ == WINOGRAD ? winograd_method
                                               : direct_method;
    auto made = std::make_unique<Chosen>(make(geometry_, operation, request_));
    // Where another thread was faster, its choice, which is the same, stays.
    return chosen_[operation].compare_exchange_strong(found, made.get()) ? *made.release() : *found;
}

template <class Work>
bool Plan::with_workspace(Operation operation, const Work& work) {
    const Chosen& one = chosen(operation);
    const Workspace workspace(one.workspace);
    if (one.workspace != 0 && workspace.data() == nullptr) return false;
    work(*one.method, workspace.data(), one.worth_threads ? usable_threads(request_.threads) : 1);
    return true;
}

bool Plan::run(Operation operation, const void* first, const void* second, void* result) {
    return with_workspace(operation, [&](const Method& method, void* workspace, int threads) {
        method.run(first, second, result, workspace, threads);
    });
}

bool Plan::prepare(Operation operation, const void* weight, void* prepared, bool* usable) {
    return with_workspace(operation, [&](const Method& method, void* workspace, int threads) {
        *usable = method.prepare(weight, prepared, workspace, threads);
    });
}

bool Plan::run_prepared(Operation operation, const void* first, const void* prepared,
                        void* result) {
    return with_workspace(operation, [&](const Method& method, void* workspace, int threads) {
        method.run_prepared(first, prepared, result, workspace, threads);
    });
}

size_t Plan::workspace(Operation operation) { return chosen(operation).workspace; }
size_t Plan::prepared_bytes(Operation operation) {
    return chosen(operation).method->prepared_bytes();
}
std::string Plan::describe(Operation operation) { return chosen(operation).method->describe(); }
double Plan::seconds(Operation operation) {
    const Chosen& one = chosen(operation);
    return one.method->seconds(one.worth_threads ? request_.threads : 1);
}

}  // namespace convcore
