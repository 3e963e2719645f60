#pragma once
#include "../method.h"

namespace convcore {

// Stride 1, one group, up to 3 axes of 1, 3 or 5 taps, float32. nullptr where the smallest blocks
// for all threads are beyond the bound of the request.
std::unique_ptr<Method> winograd_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
