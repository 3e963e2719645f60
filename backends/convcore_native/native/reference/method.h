// The method that is the definition, term by term.
#pragma once
#include "../method.h"

namespace convcore {

// Any problem, without workspace; never a nullptr.
std::unique_ptr<Method> reference_method(const Geometry&, Operation, const Request&);

}  // namespace convcore
