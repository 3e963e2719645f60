// An operation as overlap-save in tiles: which arrays it reads, how large the tiles are and how
// many of them are worked on together.
#pragma once
#include "../method.h"
#include "problem/correlation.h"
#include "tilefft/kernels.h"

namespace convcore::tilefft {

// forward, grad_input:  target[t, o] = sum over s, r of  weight[t, s, r] source[s, o + r]
// grad_weight:          weight[t, s, r] = sum over o of  target[t, o] source[s, o + r]
// on dense axes, which the stride thins out on the side of the output and the dilation on that of
// the weight. The gradient with respect to the input reads the weight backwards.
struct Problem {
    Operation operation;
    bool line;                                // one spatial axis: tiles are lines
    index_t batch, groups, sources, targets;  // channels of a group
    Field source, target, weight;             // but for advance, kept and tiles

    Problem(const Geometry&, Operation);
};

// Tiles for a problem. All of it but `seconds` decides the order of sums, so that none of it may
// depend on threads.
struct Tiling {
    bool fits;  // false: no tile keeps within the workspace; nothing else counts
    index_t rows, columns, lanes;
    index_t advance[2], tiles[2];
    index_t group_block, target_block, tile_block;  // worked on at a time
    index_t tile_task, target_task;                 // of which one task works on so many
    index_t pitch, strip;  // elements of a spectrum, and of the columns that a vector holds
    double seconds;        // of one thread

    index_t tile_count(const Problem& problem) const { return problem.batch * tiles[0] * tiles[1]; }
    // Elements of the spectra in the workspace.
    index_t spectra(const Problem&, bool prepared) const;
    // Extent of a tile on one of the spatial axes; a line is one axis.
    index_t extent(const Problem&, int axis) const;
    // Sets advance, kept and tiles on the axes of the fields.
    void apply(Problem*) const;
};

// The cheapest choice; its spectra take three quarters of the workspace at most, and those that a
// thread has for itself leave room for some threads in the rest.
Tiling choose_tiles(const Problem&, int itemsize, int lanes, size_t max_workspace);

}  // namespace convcore::tilefft
