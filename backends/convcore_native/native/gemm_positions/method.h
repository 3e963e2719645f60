// The method with target positions as lanes of matrix products.
#pragma once
#include "../method.h"

namespace convcore {

// nullptr for the gradient with respect to the weight, for fewer target channels than a register
// tile has, and beyond the bound of the request.
std::unique_ptr<Method> columns_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
