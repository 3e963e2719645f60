// The method for problems with few positions.
#pragma once
#include "../method.h"
#include "few_positions/kernels.h"

namespace convcore::few_positions {

// nullptr where there are many positions, or for the weight gradient.
std::unique_ptr<Method> make_method(const Geometry&, Operation, const Request&, const Tables&);

}  // namespace convcore::few_positions
