// The method for few channels in a group.
#pragma once
#include "../method.h"
#include "few_channels/kernels.h"

namespace convcore::few_channels {

// nullptr where its bands would not fit into the caches, or beyond the bound of the request.
std::unique_ptr<Method> make_method(const Geometry&, Operation, const Request&, const Tables&);

}  // namespace convcore::few_channels
