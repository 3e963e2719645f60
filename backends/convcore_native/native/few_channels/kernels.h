// What the drivers and the kernels for few channels agree on: plain C types, no functions.
#pragma once
#include "problem/axis.h"
#include "problem/routines.h"

namespace convcore::few_channels {

// Up to here, sliding rows are computed all in the same way, with rows of zeros where needed.
constexpr index_t FEW_ROW_TAPS = 7;

// Target channels, or rows of a single one, that a register tile may have.
constexpr index_t TILE_LINES = 12;

// Target rows for which a correlation straight from the source finds its lines at once, and the
// lines of workspace that a thread needs for them: copies, and two that it always has.
constexpr index_t STRAIGHT_ROWS = 16, STRAIGHT_LINES = 2 * STRAIGHT_ROWS + 7;

// One stride phase: which taps of the last two axes ("rows" and "columns") it has. Taps are in
// ascending order of what they read.
struct BandPhase {
    index_t rows, columns;  // positions of the target
    index_t row_taps, column_taps;
    index_t first_row;             // source row that the first row tap of target row 0 reads
    const index_t* column_offset;  // of each column tap in a row of the band
    const index_t* tap_offset;     // of each tap, row by row, in a plane of the band
    const index_t* weight_offset;  // of each tap in the weight
    index_t target_start;
    index_t packed_start;  // of its packed weight
    bool sliding;          // row tap i of target row q reads source row first_row + q + i
};

// One of the last two axes, over all phases. Its lowest and highest source position are those that
// target position 0 reads; of columns they are counted in steps.
struct BandAxis {
    index_t count;   // positions of the target, of the largest phase
    index_t block;   // of them, for one task
    index_t extent;  // positions of the source
    index_t step, pitch, target_pitch;
    index_t low, high;
    index_t first;  // lowest source column that target column 0 reads
};

// A correlation with few channels, target positions being the lanes of a vector. A task copies
// what a block of target positions reads into a band: one plane for each source channel and each
// tap of the outer axes, rows of zeros and of what the taps read, with the columns that are
// congruent modulo the step side by side in a slot. Every tap is then a load at a constant
// distance, inside or not.
struct Band {
    index_t groups;
    index_t source_channels, target_channels;  // of one group
    index_t source_channel_pitch, target_channel_pitch;
    index_t weight_group_pitch, weight_target_pitch, weight_source_pitch;

    int outer_axes;  // all but the last two
    Axis outer[MAX_AXES];
    index_t outer_positions, outer_taps;

    BandAxis row, column;  // the last two axes
    index_t slots;
    const index_t* slot_phase;  // columns in slot i are slot_phase[i] modulo the step
    index_t slot_length, line_length, plane_size;
    bool straight;    // one channel of a few taps, which are neighbours: needs no copy
    bool skips_rows;  // no phase reads a row of the band that is not in the source

    bool plain_weight;  // it stands in memory as if it were packed

    int row_phases, column_phases;
    const BandPhase* phase;  // the column phases vary fastest
    index_t packed_size;     // of all phases and groups
    index_t workspace;       // elements that a thread needs for a correlation
    index_t gradient_workspace;
};

template <class T>
struct Routines {
    int lanes;  // of a vector

    // `packed` holds Band::packed_size elements; the workspace Band::workspace for each thread, or
    // Band::gradient_workspace and one result for each slice but the first.
    bool (*pack_weight)(const Band&, const T* weight, T* packed, int threads);
    void (*correlate)(const Band&, const T* source, const T* packed, T* target, T* workspace,
                      int threads);
    // Where Band::straight holds.
    void (*correlate_straight)(const Band&, const T* source, const T* packed, T* target,
                               T* workspace, int threads);
    void (*weight_gradient)(const Band&, index_t slices, const T* target, const T* source,
                            T* weight, T* workspace, int threads);

    // Whether no value is NaN or infinite.
    bool (*all_finite)(const T* values, index_t count);
};

typedef BothDtypes<Routines> Table;
typedef Integers<Routines> IntegerTable;
typedef EveryDtype<Routines> Tables;

}  // namespace convcore::few_channels
