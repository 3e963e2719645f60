// The table of an algorithm's routines, for each dtype: plain C types.
#pragma once

namespace convcore {

template <template <class> class Routines>
struct BothDtypes {
    Routines<float> f32;
    Routines<double> f64;
};

}  // namespace convcore
