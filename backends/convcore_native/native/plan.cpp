#include "plan.h"

#include "gemm_method.h"
#include "threads.h"
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

Plan::Plan(const Geometry& geometry, Algorithm algorithm, const Request& request)
    : geometry_(geometry), algorithm_(algorithm), request_(request) {}

const Method& Plan::method(Operation operation) {
    std::call_once(made_[operation], [&] {
        methods_[operation] = gemm_method(geometry_, operation, request_);
    });
    return *methods_[operation];
}

bool Plan::run(Operation operation, const void* first, const void* second, void* result) {
    const Method& chosen = method(operation);
    const size_t bytes = chosen.workspace();
    const Workspace workspace(bytes);
    if (bytes != 0 && workspace.data() == nullptr) return false;
    const bool worthwhile = chosen.seconds(1) > SECONDS_WORTH_THREADS;
    const int threads = worthwhile ? usable_threads(request_.threads) : 1;
    chosen.run(first, second, result, workspace.data(), threads);
    return true;
}

size_t Plan::workspace(Operation operation) { return method(operation).workspace(); }
std::string Plan::describe(Operation operation) { return method(operation).describe(); }
double Plan::seconds(Operation operation) { return method(operation).seconds(request_.threads); }

}  // namespace convcore
