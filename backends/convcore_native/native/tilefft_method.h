#pragma once
#include "method.h"

namespace convcore {

std::unique_ptr<Method> tilefft_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
