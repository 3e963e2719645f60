#include "plan.h"

#include <stdexcept>

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
        : method(std::move(made)), workspace(method ? method->workspace() : 0),
          worth_threads(method && method->seconds(1) > SECONDS_WORTH_THREADS) {}

    const std::unique_ptr<Method> method;  // nullptr where nothing fits
    const size_t workspace;
    const bool worth_threads;
};

Plan::Plan(const Geometry& geometry, Algorithm algorithm, const Request& request,
           const std::vector<std::string>& wanted)
    : geometry_(geometry), algorithm_(algorithm), request_(request), wanted_(wanted), chosen_{} {}

Plan::~Plan() {
    for (auto& one : chosen_) delete one.load();
}

std::unique_ptr<Method> Plan::make(Operation operation) const {
    const std::string& wanted = wanted_[size_t(operation)];
    if (algorithm_ == DIRECT) return direct_method(geometry_, operation, request_, wanted);
    const auto make = algorithm_ == TILEFFT ? tilefft_method : winograd_method;
    auto method = make(geometry_, operation, request_);
    const bool other = method != nullptr && !wanted.empty() && wanted != method->name();
    return other ? nullptr : std::move(method);
}

const Plan::Chosen& Plan::tried(Operation operation) {
    const Chosen* found = chosen_[operation].load(std::memory_order_acquire);
    if (found != nullptr) return *found;
    auto made = std::make_unique<Chosen>(make(operation));
    // Where another thread was faster, its choice, which is the same, stays.
    return chosen_[operation].compare_exchange_strong(found, made.get()) ? *made.release() : *found;
}

const Plan::Chosen& Plan::chosen(Operation operation) {
    const Chosen& found = tried(operation);
    if (found.method == nullptr)
        throw std::invalid_argument("operation: must be one that the algorithm can carry out as "
                                    "wanted and within the workspace");
    return found;
}

bool Plan::fits(Operation operation) { return tried(operation).method != nullptr; }

std::vector<std::string> Plan::variants(Operation operation) const {
    if (algorithm_ == DIRECT) return direct_variants(geometry_, operation, request_);
    const auto method = make(operation);
    if (method == nullptr) return {};
    return {method->name()};
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
std::string Plan::name(Operation operation) { return chosen(operation).method->name(); }
std::string Plan::describe(Operation operation) { return chosen(operation).method->describe(); }
double Plan::seconds(Operation operation) {
    const Chosen& one = chosen(operation);
    return one.method->seconds(one.worth_threads ? request_.threads : 1);
}

}  // namespace convcore
