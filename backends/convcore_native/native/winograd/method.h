#pragma once
#include "../method.h"
#include "winograd/kernels.h"

namespace convcore::winograd {

// Stride 1, one group, up to 3 axes of 1, 3 or 5 taps, float32. nullptr where the smallest blocks
// for all threads are beyond the bound of the request.
std::unique_ptr<Method> make_method(const Geometry&, Operation, const Request&, const Table&);

}  // namespace convcore::winograd
