#pragma once
#include "../method.h"
#include "tilefft/kernels.h"

namespace convcore::tilefft {

// Up to 2 axes. nullptr where no tile that holds more than halo is within the bound of the request.
std::unique_ptr<Method> make_method(const Geometry&, Operation, const Request&, const Table&);

}  // namespace convcore::tilefft
