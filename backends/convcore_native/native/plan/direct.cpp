#include "direct.h"

#include <algorithm>

#include "few_channels/method.h"
#include "few_positions/method.h"
#include "gemm_channels/method.h"
#include "gemm_positions/method.h"
#include "reference/method.h"

namespace convcore {

namespace {

// Whether a group has channels enough on both sides to fill the tiles of a matrix product, which
// was then always the faster way (64 to 256 channels of 56 x 56, 1 x 1: 2.4 times).
bool many_channels(const Geometry& geometry, int lanes) {
    return std::min(geometry.in_channels, geometry.out_channels) / geometry.groups >= 2 * lanes;
}

// What is to be done, and with what.
struct Task {
    const Geometry& geometry;
    Operation operation;
    const Kernels& kernels;
    Request request;
};

typedef std::unique_ptr<Method> (*Maker)(const Task&);

// An algorithm's maker, with the routines of that algorithm.
template <class Tables, Tables Kernels::* tables,
          std::unique_ptr<Method> (*make)(const Geometry&, Operation, const Request&,
                                          const Tables&)>
std::unique_ptr<Method> made(const Task& task) {
    return make(task.geometry, task.operation, task.request, task.kernels.*tables);
}

std::unique_ptr<Method> reference(const Task& task) {
    return reference_method(task.geometry, task.operation, task.request);
}

constexpr Maker GEMM_CHANNELS =
    made<gemm_channels::Tables, &Kernels::gemm_channels, gemm_channels::make_method>;
constexpr Maker GEMM_POSITIONS =
    made<gemm_positions::Tables, &Kernels::gemm_positions, gemm_positions::make_method>;
constexpr Maker FEW_CHANNELS =
    made<few_channels::Tables, &Kernels::few_channels, few_channels::make_method>;
constexpr Maker FEW_POSITIONS =
    made<few_positions::Tables, &Kernels::few_positions, few_positions::make_method>;

struct Way {
    const char* name;
    Maker make;
};

// Everything that there is; the definition last, for where nothing else fits.
constexpr Way WAYS[] = {{"gemm_channels", GEMM_CHANNELS},
                        {"gemm_positions", GEMM_POSITIONS},
                        {"few_channels", FEW_CHANNELS},
                        {"few_positions", FEW_POSITIONS},
                        {"reference", reference}};

struct Fastest {
    const Way* way;
    std::unique_ptr<Method> method;
};

// Whether the batch must not change the choice. The weight gradient is a sum over it.
bool batch_invariant(const Task& task) {
    return task.request.batch_invariant && task.operation != GRAD_WEIGHT;
}

// What takes the least time on one thread; a method may block otherwise for more of them, or for
// another batch, which must not change the choice, and with it the order of the sums.
Fastest fastest(const Task& asked) {
    Geometry geometry = asked.geometry;
    if (batch_invariant(asked)) geometry.batch = USUAL_BATCH;
    Request alone = asked.request;
    alone.threads = 1;
    const Task task{geometry, asked.operation, asked.kernels, alone};
    const int lanes = task.kernels.vector_bytes / task.request.itemsize;
    Fastest best{};
    double least = 0;
    for (const Way& way : WAYS) {
        if (way.make == reference && best.method != nullptr) continue;
        if (way.make == FEW_CHANNELS && many_channels(task.geometry, lanes)) continue;
        auto method = way.make(task);
        if (method == nullptr) continue;
        const double seconds = method->seconds(1);
        if (best.method != nullptr && seconds >= least) continue;
        least = seconds;
        best = {&way, std::move(method)};
    }
    return best;
}

}  // namespace

std::unique_ptr<Method> direct_method(const Geometry& geometry, Operation operation,
                                      const Kernels& kernels, const Request& request,
                                      const std::string& wanted) {
    const Task task{geometry, operation, kernels, request};
    if (wanted.empty()) {
        Fastest best = fastest(task);
        const bool made = request.threads == 1 && !batch_invariant(task);
        return made ? std::move(best.method) : best.way->make(task);
    }
    for (const Way& way : WAYS)
        if (wanted == way.name) return way.make(task);
    return nullptr;
}

std::vector<std::string> direct_variants(const Geometry& geometry, Operation operation,
                                         const Kernels& kernels, Request request) {
    request.threads = 1;
    const Task task{geometry, operation, kernels, request};
    std::vector<std::string> names{fastest(task).way->name};
    for (const Way& way : WAYS)
        if (way.name != names[0] && way.make(task) != nullptr) names.push_back(way.name);
    return names;
}

}  // namespace convcore
