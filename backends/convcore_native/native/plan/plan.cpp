#include "plan.h"

#include <stdexcept>

#include "direct.h"
#include "machine/interruption.h"
#include "machine/threads.h"
#include "machine/workspace.h"
#include "tilefft/method.h"
#include "winograd/method.h"

namespace convcore {

namespace {

// Waking a thread that sleeps takes about 20 us (AMD Zen 5, 2026), one that spins a few.
constexpr double SECONDS_WORTH_THREADS = 40e-6;

}  // namespace

struct Plan::Chosen {
    Chosen(std::unique_ptr<Method> made, int most_threads)
        : method(std::move(made)),
          workspace(method ? method->workspace() : 0),
          threads(method && method->seconds(1) > SECONDS_WORTH_THREADS ? most_threads : 1) {}

    const std::unique_ptr<Method> method;  // nullptr where nothing fits
    const size_t workspace;
    const int threads;  // worth waking
};

Plan::Plan(const Geometry& geometry, Algorithm algorithm, const Kernels& kernels,
           const Request& request, const std::vector<std::string>& wanted)
    : geometry_(geometry),
      algorithm_(algorithm),
      kernels_(kernels),
      request_(request),
      wanted_(wanted),
      chosen_{} {}

Plan::~Plan() {
    for (auto& choice : chosen_) delete choice.load();
}

std::unique_ptr<Method> Plan::make(Operation operation, const Request& request) const {
    const std::string& wanted = wanted_[size_t(operation)];
    if (algorithm_ == DIRECT) return direct_method(geometry_, operation, kernels_, request, wanted);
    auto method = algorithm_ == TILEFFT
                      ? tilefft::make_method(geometry_, operation, request, *kernels_.tilefft)
                      : winograd::make_method(geometry_, operation, request, *kernels_.winograd);
    const bool unwanted = method != nullptr && !wanted.empty() && wanted != method->name();
    return unwanted ? nullptr : std::move(method);
}

// For fewer threads where there is no room for more: the method, and with it the order of the sums,
// must not change with their number.
std::unique_ptr<const Plan::Chosen> Plan::choose(Operation operation) const {
    Request request = request_;
    auto method = make(operation, request);
    while (method == nullptr && request.threads > 1) {
        request.threads /= 2;
        method = make(operation, request);
    }
    return std::make_unique<const Chosen>(std::move(method), request.threads);
}

const Plan::Chosen& Plan::tried(Operation operation) {
    const Chosen* found = chosen_[operation].load(std::memory_order_acquire);
    if (found != nullptr) return *found;
    auto made = choose(operation);
    // Where another thread was faster, its choice, which is the same, stays.
    return chosen_[operation].compare_exchange_strong(found, made.get()) ? *made.release() : *found;
}

const Plan::Chosen& Plan::chosen(Operation operation) {
    const Chosen& found = tried(operation);
    if (found.method == nullptr)
        throw std::invalid_argument(
            "operation: must be one that the algorithm can carry out as "
            "wanted and within the workspace");
    return found;
}

bool Plan::fits(Operation operation) { return tried(operation).method != nullptr; }

std::vector<std::string> Plan::variants(Operation operation) const {
    if (algorithm_ == DIRECT) return direct_variants(geometry_, operation, kernels_, request_);
    const auto found = choose(operation);
    if (found->method == nullptr) return {};
    return {found->method->name()};
}

template <class Work>
Outcome Plan::with_workspace(Operation operation, const Work& work) {
    const Chosen& choice = chosen(operation);
    const Workspace workspace(choice.workspace);
    if (choice.workspace != 0 && workspace.data() == nullptr) return NO_MEMORY;
    begin_call();
    const Outcome outcome = work(*choice.method, workspace.data(), usable_threads(choice.threads));
    return was_interrupted() ? INTERRUPTED : outcome;
}

Outcome Plan::run(Operation operation, const void* first, const void* second, void* result) {
    return with_workspace(operation, [&](const Method& method, void* workspace, int threads) {
        return method.run(first, second, result, workspace, threads);
    });
}

Outcome Plan::prepare(Operation operation, const void* weight, void* prepared, bool* usable) {
    const auto work = [&](const Method& method, void* workspace, int threads) {
        *usable = method.prepare(weight, prepared, workspace, threads);
        return DONE;
    };
    return with_workspace(operation, work);
}

Outcome Plan::run_prepared(Operation operation, const void* first, const void* prepared,
                           void* result) {
    return with_workspace(operation, [&](const Method& method, void* workspace, int threads) {
        return method.run_prepared(first, prepared, result, workspace, threads);
    });
}

size_t Plan::workspace(Operation operation) { return chosen(operation).workspace; }
size_t Plan::prepared_bytes(Operation operation) {
    return chosen(operation).method->prepared_bytes();
}
std::string Plan::name(Operation operation) { return chosen(operation).method->name(); }
std::string Plan::describe(Operation operation) { return chosen(operation).method->describe(); }
double Plan::seconds(Operation operation) {
    const Chosen& choice = chosen(operation);
    return choice.method->seconds(choice.threads);
}

}  // namespace convcore
