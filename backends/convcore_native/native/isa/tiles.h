// The register tiles of all algorithms: how many of an instruction set's registers hold what.
//
// A tile of `rows` by `vectors` keeps as many sums in registers: each row's value is broadcast, and
// multiplied with all the vectors.
#pragma once

struct Tile {
    int rows, vectors;
};

struct FewChannelsTiles {
    int channels;                // target channels of a tile at most
    int sums;                    // registers that hold sums
    int rows;                    // target rows of a tile of one channel
    int most_vectors;            // of any tile
    int short_sums, short_rows;  // of one channel with few row taps, or 0: see row_tiles.inl.h
    int gradient_rows;           // target channels, for the weight gradient
    int straight_rows;  // of one channel with more than 3 taps, straight from the source: 4 or 8
};

struct RegisterTiles {
    int registers;
    Tile gemm_channels;   // positions by vectors of target channels
    Tile gemm_positions;  // target channels by vectors of positions
    Tile few_positions;   // target channels by vectors of positions
    FewChannelsTiles few_channels;
    Tile winograd;           // tiles by vectors of target channels
    Tile winograd_gradient;  // target channels by vectors of source channels
};
