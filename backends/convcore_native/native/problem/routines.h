// The tables of an algorithm's routines, for each dtype: plain C types.
#pragma once
#include <stdint.h>

namespace convcore {

template <template <class> class Routines>
struct BothDtypes {
    Routines<float> f32;
    Routines<double> f64;
};

// Integers that wrap: those with a sign have the same bits, and are computed as these.
template <template <class> class Routines>
struct Integers {
    Routines<uint8_t> u8;
    Routines<uint16_t> u16;
    Routines<uint32_t> u32;
    Routines<uint64_t> u64;
};

template <template <class> class Routines>
struct EveryDtype {
    const BothDtypes<Routines>* floats;
    const Integers<Routines>* integers;
};

}  // namespace convcore
