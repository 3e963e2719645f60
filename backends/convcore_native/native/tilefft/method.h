#pragma once
#include "../method.h"

namespace convcore {

// Up to 2 axes. nullptr where no tile that holds more than halo is within the bound of the request.
std::unique_ptr<Method> tilefft_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
