"""How an operation is cut into tiles, channel blocks and chunks.

A chunk is what is transformed together: some tiles of some samples. Channels are cut into blocks
only where the spectra of the weight would not fit into the workspace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from convcore.plugin import derived

from ._dense import Dense
from ._tiles import Tile

# Groups, output and input channels per group.
Channels = tuple[int, int, int]


class Block(NamedTuple):
    """A part of the channels, as slices of groups, of output and of input channels per group."""

    groups: slice
    group_out_channels: slice
    group_in_channels: slice


class Cut:
    """One operation on one geometry, cut into pieces: plain data, and what follows from them.

    Attributes
    ----------
    dense : Dense
        What is cut.
    tile : Tile
        The tiles.
    block : (int, int, int)
        Groups, output and input channels per group of one block.
    together : (int, int)
        Samples and tiles that make a chunk.
    by_matmul : bool
        Whether channels are contracted by matrix products, or array by array.
    chunk, chunk_count : int
        Batch positions in one chunk, and chunks of one block.
    repeats : (int, int, int)
        Number of blocks of groups, output and input channels.
    """

    def __init__(
        self, dense: Dense, tile: Tile, block: Channels, together: tuple[int, int], by_matmul: bool
    ) -> None:
        self.dense, self.tile, self.block, self.together = dense, tile, block, together
        self.by_matmul = by_matmul
        (samples, tiles), (groups, outputs, inputs) = together, block
        self.chunk = samples * tiles * tile.positions
        self.chunk_count = -(-dense.batch // samples) * -(-tile.number // tiles)
        self.repeats = (
            -(-dense.groups // groups),
            -(-dense.group_out_channels // outputs),
            -(-dense.group_in_channels // inputs),
        )

    @derived
    def extents(self) -> tuple[int, ...]:
        """Transform extent of one tile, per axis."""
        return tuple(extent for extent, _, _ in self.tile.columns)

    @derived
    def results(self) -> tuple[int, ...]:
        """Results of one tile, per axis."""
        return tuple(results for _, results, _ in self.tile.columns)

    @derived
    def lengths(self) -> tuple[int, ...]:
        """Transform length of each transformed axis."""
        return tuple(self.extents[axis] for axis in self.dense.transformed)

    @derived
    def wanted(self) -> tuple[int, ...]:
        """Results of one tile on each transformed axis."""
        return tuple(self.results[axis] for axis in self.dense.transformed)

    @derived
    def frequencies(self) -> tuple[int, ...]:
        """Extents of a spectrum."""
        if self.dense.is_complex or not self.lengths:
            return self.lengths
        return (*self.lengths[:-1], self.lengths[-1] // 2 + 1)

    def blocks(self) -> Iterator[Block]:
        """Every block, with the input channels in the outermost loop."""
        dense, (groups, outputs, inputs) = self.dense, self.block
        for c in _parts(dense.group_in_channels, inputs):
            for g in _parts(dense.groups, groups):
                for k in _parts(dense.group_out_channels, outputs):
                    yield Block(g, k, c)


def _parts(total: int, size: int) -> list[slice]:
    """Consecutive slices of at most `size` that cover `total`."""
    return [slice(begin, min(begin + size, total)) for begin in range(0, total, size)]
