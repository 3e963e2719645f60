// The definition, term by term: for operands whose NaN or infinity must not meet the zeros that
// stand for padding, and where there is no memory to pack anything.
#pragma once
#include "problem/axis.h"

namespace convcore {

template <class T>
void reference_correlate(const Correlation&, const T* source, const T* weight, T* target);

template <class T>
void reference_weight_gradient(const Correlation&, const T* target, const T* source, T* weight);

}  // namespace convcore
