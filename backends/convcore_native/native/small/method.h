// The method for small problems.
#pragma once
#include "../method.h"
#include "small/kernels.h"

namespace convcore::small {

// nullptr where the problem is too large for it, or no forward pass or input gradient.
std::unique_ptr<Method> make_method(const Geometry&, Operation, const Request&, const Table&);

}  // namespace convcore::small
