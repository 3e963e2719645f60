// The method for few channels in a group.
#pragma once
#include "../method.h"

namespace convcore {

// nullptr where its bands would not fit into the caches, or beyond the bound of the request.
std::unique_ptr<Method> band_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
