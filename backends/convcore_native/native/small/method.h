// The method for small problems.
#pragma once
#include "../method.h"

namespace convcore {

// nullptr where the problem is too large for it, or no forward pass or input gradient.
std::unique_ptr<Method> tiny_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
