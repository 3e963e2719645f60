// What is compiled once for each instruction set: plain C types, no functions.
#pragma once
#include "gemm_channels/kernels.h"
#include "problem/axis.h"
#include "tilefft/kernels.h"
#include "winograd/kernels.h"

namespace convcore {

struct ColumnBlocking;  // see gemm_positions/kernels.h
template <class T>
struct ColumnPart;
struct Tiny;  // see small/kernels.h
struct Band;  // see few_channels/kernels.h

template <class T>
struct Routines {
    int panel_rows, panel_width;  // of the register tile: rows, and lanes over all its vectors
    int lanes;

    // Packs the weight in the order in which `correlate` reads it; returns whether all of it is
    // finite. `packed` holds terms * target channels, rounded up to whole vectors, for each group.
    bool (*pack_weight)(const Correlation&, const Blocking&, const T* weight, T* packed,
                        int threads);
    // `workspace` holds for each thread a slab and the product of a block: with all target channels,
    // where there are several blocks of source channels, else with those of one panel.
    void (*correlate)(const Correlation&, const Blocking&, const T* source, const T* packed,
                      T* target, T* workspace, int threads);
    // `workspace` holds as much as `packed` for each slice, and for each thread a slab and a panel
    // of the target.
    void (*weight_gradient)(const Correlation&, const Blocking&, const T* target, const T* source,
                            T* weight, T* workspace, int threads);

    // The same with positions as lanes, in a register tile of their own. `packed` holds terms *
    // target channels for each group; the workspace, for each thread, what ColumnBlocking tells.
    int channel_rows, column_width;
    bool (*pack_column_weight)(const Correlation&, const ColumnBlocking&, const T* weight,
                               T* packed, int threads);
    void (*correlate_columns)(const ColumnPart<T>*, int parts, const T* source, T* target,
                              T* workspace, int threads);

    // A small correlation; `scratch` holds Tiny::scratch elements.
    bool (*tiny)(const Correlation&, const Tiny&, const T* source, const T* weight, T* target,
                 T* scratch);

    // Few channels. `packed` holds Band::packed_size elements; the workspace Band::scratch for each
    // thread, or Band::gradient_scratch and one result for each slice but the first.
    bool (*pack_band)(const Band&, const T* weight, T* packed, int threads);
    void (*correlate_band)(const Band&, const T* source, const T* packed, T* target,
                           T* workspace, int threads);
    // Where Band::straight holds.
    void (*correlate_straight)(const Band&, const T* source, const T* packed, T* target,
                               T* workspace, int threads);
    void (*band_gradient)(const Band&, index_t slices, const T* target, const T* source,
                          T* weight, T* workspace, int threads);

    // Whether no value is NaN or infinite.
    bool (*all_finite)(const T* values, index_t count);

    TileRoutines<T> tile;
};

// Everything that is compiled once for each instruction set.
struct Kernels {
    const char* name;
    int vector_bytes;
    Routines<float> f32;
    Routines<double> f64;
    WinogradRoutines<float> winograd;
};

}  // namespace convcore
