#include "direct.h"

#include <algorithm>

#include "few_channels/method.h"
#include "gemm_channels/method.h"
#include "gemm_positions/method.h"
#include "reference/method.h"
#include "small/method.h"

namespace convcore {

namespace {

template <class T>
int lanes_of(const Request& request) { return routines<T>(*request.kernels).lanes; }

// The share of what they estimate that matrix products reach with few channels: a single vector of
// target channels leaves too few sums to hide the latency, few terms leave the tiles short, and
// the weight gradient copies single source channels. Measured on AMD Zen 3 with AVX2.
double product_share(const Geometry& geometry, Operation operation, int lanes) {
    const index_t inputs = geometry.in_channels / geometry.groups;
    const index_t outputs = geometry.out_channels / geometry.groups;
    const bool single = (operation == GRAD_INPUT ? inputs : outputs) <= lanes;
    const double sources = double(operation == GRAD_INPUT ? outputs : inputs);
    const double terms = sources * double(geometry.taps());
    const double share = (single ? 0.65 : 1.0) * terms / (terms + 5);
    return operation == GRAD_WEIGHT && inputs < 4 ? 0.7 * share : share;
}

// Whether a group has channels enough on both sides to fill the tiles of a matrix product, which
// was then always the faster way (64 to 256 channels of 56 x 56, 1 x 1: 2.4 times).
bool many_channels(const Geometry& geometry, int lanes) {
    return std::min(geometry.in_channels, geometry.out_channels) / geometry.groups >= 2 * lanes;
}

typedef std::unique_ptr<Method> (*Maker)(const Geometry&, Operation, const Request&);

struct Way {
    const char* name;
    Maker make;
};

// Everything that there is; the definition last, for where nothing else fits.
constexpr Way WAYS[] = {{"gemm_channels", gemm_method},
                        {"gemm_positions", columns_method},
                        {"few_channels", band_method},
                        {"small", tiny_method},
                        {"reference", reference_method}};

struct Fastest {
    const Way* way;
    std::unique_ptr<Method> method;
};

// What takes the least time on one thread; a method may block otherwise for more of them, which
// must not change the choice, and with it the order of the sums.
Fastest fastest(const Geometry& geometry, Operation operation, Request request) {
    const int lanes = request.itemsize == 4 ? lanes_of<float>(request) : lanes_of<double>(request);
    request.threads = 1;
    Fastest best{};
    double least = 0;
    for (const Way& way : WAYS) {
        if (way.make == reference_method && best.method != nullptr) continue;
        if (way.make == band_method && many_channels(geometry, lanes)) continue;
        auto method = way.make(geometry, operation, request);
        if (method == nullptr) continue;
        double seconds = method->seconds(1);
        if (way.make == gemm_method) seconds /= product_share(geometry, operation, lanes);
        if (best.method != nullptr && seconds >= least) continue;
        least = seconds;
        best = {&way, std::move(method)};
    }
    return best;
}

}  // namespace

std::unique_ptr<Method> direct_method(const Geometry& geometry, Operation operation,
                                      const Request& request, const std::string& wanted) {
    if (wanted.empty()) {
        Fastest best = fastest(geometry, operation, request);
        return request.threads == 1 ? std::move(best.method)
                                    : best.way->make(geometry, operation, request);
    }
    for (const Way& way : WAYS)
        if (wanted == way.name) return way.make(geometry, operation, request);
    return nullptr;
}

std::vector<std::string> direct_variants(const Geometry& geometry, Operation operation,
                                         Request request) {
    request.threads = 1;
    std::vector<std::string> names{fastest(geometry, operation, request).way->name};
    for (const Way& way : WAYS)
        if (way.name != names[0] && way.make(geometry, operation, request) != nullptr)
            names.push_back(way.name);
    return names;
}

}  // namespace convcore
