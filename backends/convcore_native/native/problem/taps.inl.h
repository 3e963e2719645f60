// The taps of a correlation, numbered over all axes, the last one varying fastest.
#pragma once
#include "problem/axis.h"

namespace convcore {
namespace {

inline index_t tap_count(const Correlation& problem) {
    index_t taps = 1;
    for (int a = 0; a < problem.axes; ++a) taps *= problem.axis[a].taps;
    return taps;
}

inline index_t tap_weight_offset(const Correlation& problem, index_t tap) {
    index_t offset = 0;
    for (int a = problem.axes - 1; a >= 0; --a) {
        const Axis& axis = problem.axis[a];
        offset += axis.weight_offset[tap % axis.taps];
        tap /= axis.taps;
    }
    return offset;
}

// Whether the taps of one pair of channels stand side by side, in order.
inline bool plain_taps(const Correlation& problem, index_t taps) {
    for (index_t tap = 0; tap < taps; ++tap)
        if (tap_weight_offset(problem, tap) != tap) return false;
    return true;
}

}  // namespace
}  // namespace convcore
