#pragma once
#include "../method.h"
#include "gemm_channels/kernels.h"

namespace convcore::gemm_channels {

// nullptr where not even one vector of target channels can be packed within the bound of the
// request.
std::unique_ptr<Method> make_method(const Geometry&, Operation, const Request&, const Tables&);

}  // namespace convcore::gemm_channels
