// The dtypes that there are kernels for.
#pragma once
#include <type_traits>

#include "problem/routines.h"

namespace convcore {

// What `make` returns for an element of a dtype that has `itemsize` bytes.
template <class Make>
auto for_float(int itemsize, const Make& make) {
    return itemsize == 4 ? make(float{}) : make(double{});
}

template <class Make>
auto for_dtype(bool integers, int itemsize, const Make& make) {
    if (!integers) return for_float(itemsize, make);
    return itemsize == 1   ? make(uint8_t{})
           : itemsize == 2 ? make(uint16_t{})
           : itemsize == 4 ? make(uint32_t{})
                           : make(uint64_t{});
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

template <class T, template <class> class Routines>
const Routines<T>& of(const EveryDtype<Routines>& tables) {
    if constexpr (std::is_floating_point_v<T>) {
        return of<T>(*tables.floats);
    } else if constexpr (sizeof(T) == 1) {
        return tables.integers->u8;
    } else if constexpr (sizeof(T) == 2) {
        return tables.integers->u16;
    } else if constexpr (sizeof(T) == 4) {
        return tables.integers->u32;
    } else {
        return tables.integers->u64;
    }
}

}  // namespace convcore
