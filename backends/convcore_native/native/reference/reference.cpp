#include "reference/reference.h"

#include <type_traits>

#include "machine/interruption.h"
#include "problem/integers.h"

namespace convcore {

namespace {

// Calls `visit(target offset, source offset, weight offset, count)` for every run of target
// positions on the last axis that one tap reads inside the source.
template <class Visit>
void visit_runs(const Correlation& problem, int a, index_t target, index_t source, index_t weight,
                const Visit& visit) {
    const Axis& axis = problem.axis[a];
    for (index_t t = 0; t < axis.taps; ++t) {
        if (a == 0 && interrupted()) return;
        index_t first = ceiling(-axis.shift[t], axis.step);
        if (first < 0) first = 0;
        index_t last = ceiling(axis.extent - axis.shift[t], axis.step);
        if (last > axis.count) last = axis.count;
        if (a + 1 == problem.axes) {
            const index_t at = first * axis.step + axis.shift[t];
            if (first < last)
                visit(target + first * axis.target_pitch, source + at * axis.source_pitch,
                      weight + axis.weight_offset[t], last - first);
            continue;
        }
        for (index_t q = first; q < last; ++q)
            visit_runs(problem, a + 1, target + q * axis.target_pitch,
                       source + (q * axis.step + axis.shift[t]) * axis.source_pitch,
                       weight + axis.weight_offset[t], visit);
    }
}

// Calls `visit(target offset, source offset, weight offset)` for every pair of channels.
template <class Visit>
void visit_channels(const Correlation& problem, const Visit& visit) {
    for (index_t g = 0; g < problem.groups; ++g)
        for (index_t k = 0; k < problem.target_channels; ++k)
            for (index_t c = 0; c < problem.source_channels && !interrupted(); ++c)
                visit((g * problem.target_channels + k) * problem.target_channel_pitch +
                          problem.target_start,
                      (g * problem.source_channels + c) * problem.source_channel_pitch,
                      g * problem.weight_group_pitch + k * problem.weight_target_pitch +
                          c * problem.weight_source_pitch);
}

template <class T>
void clear(const Correlation& problem, int a, T* target) {
    const Axis& axis = problem.axis[a];
    for (index_t q = 0; q < axis.count; ++q) {
        if (a + 1 == problem.axes) {
            target[q * axis.target_pitch] = T(0);
        } else {
            clear(problem, a + 1, target + q * axis.target_pitch);
        }
    }
}

// Small integers become unsigned ones, whose products wrap, and not int.
template <class T>
void add_product(T a, T b, T* sum) {
    if constexpr (std::is_integral_v<T> && sizeof(T) < sizeof(unsigned)) {
        *sum = T(*sum + unsigned(a) * unsigned(b));
    } else {
        *sum += a * b;
    }
}

}  // namespace

template <class T>
void reference_correlate(const Correlation& problem, const T* source, const T* weight, T* target) {
    for (index_t k = 0; k < problem.groups * problem.target_channels; ++k)
        clear(problem, 0, target + problem.target_start + k * problem.target_channel_pitch);
    const Axis& axis = problem.axis[problem.axes - 1];
    visit_channels(problem, [&](index_t target_at, index_t source_at, index_t weight_at) {
        visit_runs(problem, 0, target_at, source_at, weight_at,
                   [&](index_t y, index_t x, index_t w, index_t count) {
                       for (index_t q = 0; q < count; ++q)
                           add_product(weight[w], source[x + q * axis.step * axis.source_pitch],
                                       &target[y + q * axis.target_pitch]);
                   });
    });
}

template <class T>
void reference_weight_gradient(const Correlation& problem, const T* target, const T* source,
                               T* weight) {
    const index_t count = problem.groups * problem.weight_group_pitch;
    for (index_t i = 0; i < count; ++i) weight[i] = T(0);
    const Axis& axis = problem.axis[problem.axes - 1];
    visit_channels(problem, [&](index_t target_at, index_t source_at, index_t weight_at) {
        visit_runs(problem, 0, target_at, source_at, weight_at,
                   [&](index_t y, index_t x, index_t w, index_t count) {
                       T sum = T(0);
                       for (index_t q = 0; q < count; ++q)
                           add_product(target[y + q * axis.target_pitch],
                                       source[x + q * axis.step * axis.source_pitch], &sum);
                       weight[w] = T(weight[w] + sum);
                   });
    });
}

#define CONVCORE_REFERENCE(T)                                                      \
    template void reference_correlate(const Correlation&, const T*, const T*, T*); \
    template void reference_weight_gradient(const Correlation&, const T*, const T*, T*)
CONVCORE_REFERENCE(float);
CONVCORE_REFERENCE(double);
CONVCORE_REFERENCE(uint8_t);
CONVCORE_REFERENCE(uint16_t);
CONVCORE_REFERENCE(uint32_t);
CONVCORE_REFERENCE(uint64_t);

}  // namespace convcore
