// The dtypes that there are kernels for.
#pragma once
#include <type_traits>

#include "problem/routines.h"

namespace convcore {

// What `make` returns for an element of a dtype that has `itemsize` bytes.
template <class Make>
auto for_dtype(int itemsize, const Make& make) {
    return itemsize == 4 ? make(float{}) : make(double{});
}

// The routines for elements of type T.
template <class T, template <class> class Routines>
const Routines<T>& of(const BothDtypes<Routines>& table) {
    if constexpr (std::is_same_v<T, float>) {
        return table.f32;
    } else {
        return table.f64;
    }
}

}  // namespace convcore
