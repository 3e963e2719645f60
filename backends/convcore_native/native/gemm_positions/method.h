// The method with target positions as lanes of matrix products.
#pragma once
#include "../method.h"
#include "gemm_positions/kernels.h"

namespace convcore::gemm_positions {

// nullptr for the gradient with respect to the weight, for fewer target channels than a register
// tile has, and beyond the bound of the request.
std::unique_ptr<Method> make_method(const Geometry&, Operation, const Request&, const Tables&);

}  // namespace convcore::gemm_positions
