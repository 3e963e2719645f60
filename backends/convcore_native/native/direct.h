// The choice between the methods of `direct`.
#pragma once
#include "method.h"

namespace convcore {

std::unique_ptr<Method> direct_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
