// A correlation, which every operation is made of: plain C types, that the drivers and the kernels
// of an instruction set agree on.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convcore {

typedef int64_t index_t;

// The batch is an axis like the others, so there is one more than spatial axes.
constexpr int MAX_AXES = 17;

// One axis of a correlation. Position q of the target reads position q * step + shift[t] of the
// source for tap t; positions of the source outside 0 .. extent - 1 count as zero.
struct Axis {
    index_t count;   // positions of the target
    index_t extent;  // positions of the source
    index_t step;    // source positions from one target position to the next
    index_t taps;    // entries of shift and weight_offset
    const index_t* shift;
    const index_t* weight_offset;  // of a tap in the weight, in elements
    index_t source_pitch;          // elements between neighbouring source positions
    index_t target_pitch;          // elements between target positions q and q + 1
};

// target[g, k, q] = sum over c, t of weight[g, k, c, t] * source[g, c, q * step + shift[t]]:
// the forward pass, and each stride phase of the gradient with respect to the input. The gradient
// with respect to the weight sums over q instead. All pitches are in elements.
struct Correlation {
    index_t groups;
    index_t source_channels, target_channels;  // of one group
    index_t source_channel_pitch, target_channel_pitch;
    index_t weight_group_pitch, weight_target_pitch, weight_source_pitch;
    index_t target_start;  // where position 0 of group 0, channel 0 stands
    int axes;              // the batch is the first one; the last one varies fastest
    Axis axis[MAX_AXES];
};

}  // namespace convcore
