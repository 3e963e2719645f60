#include "direct.h"

#include <algorithm>

#include "band_method.h"
#include "columns_method.h"
#include "gemm_method.h"
#include "tiny_method.h"

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

// What takes the least time on one thread; a method may block otherwise for more of them, which
// must not change the choice, and with it the order of the sums.
Maker fastest(const Geometry& geometry, Operation operation, Request request) {
    const int lanes = request.itemsize == 4 ? lanes_of<float>(request) : lanes_of<double>(request);
    request.threads = 1;
    Maker best = gemm_method;
    double seconds = best(geometry, operation, request)->seconds(1) /
                     product_share(geometry, operation, lanes);
    for (Maker maker : {Maker(columns_method), Maker(band_method), Maker(tiny_method)}) {
        if (maker == Maker(band_method) && many_channels(geometry, lanes)) continue;
        const auto other = maker(geometry, operation, request);
        if (other == nullptr || other->seconds(1) >= seconds) continue;
        seconds = other->seconds(1);
        best = maker;
    }
    return best;
}

}  // namespace

std::unique_ptr<Method> direct_method(const Geometry& geometry, Operation operation,
                                      const Request& request) {
    auto method = fastest(geometry, operation, request)(geometry, operation, request);
    // With the workspace of more threads there may be too little left for it.
    return method != nullptr ? std::move(method) : gemm_method(geometry, operation, request);
}

}  // namespace convcore
