#pragma once
#include "../method.h"

namespace convcore {

// nullptr where not even one vector of target channels can be packed within the bound of the request.
std::unique_ptr<Method> gemm_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
