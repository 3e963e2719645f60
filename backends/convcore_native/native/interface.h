// What the drivers and the kernels of an instruction set agree on: plain C types, no functions.
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
    index_t count;         // positions of the target
    index_t extent;        // positions of the source
    index_t step;          // source positions from one target position to the next
    index_t taps;          // entries of shift and weight_offset
    const index_t* shift;
    const index_t* weight_offset;  // of a tap in the weight, in elements
    index_t source_pitch;  // elements between neighbouring source positions
    index_t target_pitch;  // elements between target positions q and q + 1
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
    int axes;              // axis 0 is the batch; the last one varies fastest
    Axis axis[MAX_AXES];
};

// Sizes of the blocks that one task works on, chosen by a driver; see blocking.h.
struct Blocking {
    index_t depth;      // terms of the sum that are packed at a time
    index_t rows;       // rows of the packed left operand that share a cache
    index_t columns;    // columns of the packed right operand that share a cache
    index_t row_tasks;  // parts that the rows are cut into, each a task of its own
    index_t slices;     // parts that a long sum is cut into, each with a result of its own
};

template <class T>
struct Routines {
    int panel_rows, panel_columns;  // of the register tile

    // `packed` receives the weight in the order in which `correlate` reads it; returns whether all
    // of it is finite.
    bool (*pack_weight)(const Correlation&, const Blocking&, const T* weight, T* packed,
                        int threads);
    // `workspace` holds depth * columns elements for each thread.
    void (*correlate)(const Correlation&, const Blocking&, const T* source, const T* packed,
                      T* target, T* workspace, int threads);
    // `workspace` holds depth * (rows + columns) elements for each thread, and one result more
    // for each slice where there are several.
    void (*weight_gradient)(const Correlation&, const Blocking&, const T* target, const T* source,
                            T* weight, T* workspace, int threads);
};

// Everything that is compiled once for each instruction set.
struct Kernels {
    const char* name;
    int vector_bytes;
    Routines<float> f32;
    Routines<double> f64;
};

}  // namespace convcore
