// The choice between the methods of `direct`.
#pragma once
#include <vector>

#include "isa/isa.h"
#include "method.h"

namespace convcore {

// `wanted` is the name of a method, or empty for what should take the least time; nullptr where
// there is none of that name, or no room for all threads. One thread can do without.
std::unique_ptr<Method> direct_method(const Geometry&, Operation, const Kernels&, const Request&,
                                      const std::string& wanted);

// The names of all methods that fit for one thread, that which would be chosen first.
std::vector<std::string> direct_variants(const Geometry&, Operation, const Kernels&, Request);

}  // namespace convcore
