// Which tiles a problem is cut into, and how many of them are worked on together.
#pragma once
#include <vector>

#include "../method.h"
#include "winograd/kernels.h"

namespace convcore::winograd {

// The problem with every combination of tiles that there are matrices for, and whose errors are
// small enough.
std::vector<Problem> tilings(const Geometry&, Operation);

// Blocks of tiles for one of them.
struct Tiling {
    Problem problem;
    Operation operation;
    int lanes, rows, width;  // of a vector, and of the register tile
    int threads;
    index_t source, target, panels;  // whole vectors of channels, and panels of target channels
    Blocking block{};
    bool few = false;   // so few tiles that the threads share them
    index_t range = 0;  // panels whose weights are kept transformed at a time
    index_t size = 0;   // of the workspace, in elements

    Tiling(const Problem&, Operation, const Table&, const Request&);

    index_t panel_size() const { return problem.frequencies * block.weight_pitch; }
    size_t prepared_bytes() const;

  private:
    index_t depth(index_t most) const;
    index_t even_tiles(index_t most) const;
    void set_pitches(index_t tiles, index_t depth);
    index_t set_gradient_pitches(index_t tiles, index_t rows);
    void choose_many(index_t bound, index_t most_channels);
    void choose_few(index_t bound);
    void choose_gradient(index_t bound);
};

}  // namespace convcore::winograd
