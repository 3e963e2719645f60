"""How an operation is cut into tiles, channel blocks and chunks, and what memory that takes.

A chunk is what is transformed together: some tiles of some samples. Channels are cut into blocks
only where the spectra of the weight would not fit into the workspace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np

from . import _cost, _memory
from ._lattice import Axis
from ._memory import CHUNK, MANY_TILES, OBJECT_BYTES, PHASE_BYTES, TILE_BYTES
from ._tiles import Tile

# Shortest calls, in expected seconds, that are worth more than one thread: in the transforms of one
# chunk, and for several chunks at once.
WORTH_WORKERS, WORTH_LANES = 2e-3, 4e-3


class Team(NamedTuple):
    """How many chunks are worked on at once, and how many threads transform each of them."""

    lanes: int
    workers: int

    @property
    def most(self) -> int:
        """All threads, for what is not done in lanes."""
        return self.lanes * self.workers


class Block(NamedTuple):
    """A part of the channels, as slices of groups, of output and of input channels per group."""

    groups: slice
    outputs: slice
    inputs: slice


@dataclass(frozen=True)
class Plan:
    """One operation on one geometry, cut into pieces."""

    axes: tuple[Axis, ...]
    tile: Tile
    # Batch, groups, and channels per group of output and input.
    batch: int
    groups: int
    outputs: int
    inputs: int
    dtype: np.dtype[Any]
    # Bytes that the workspace should stay under, where one tile of one pair of channels can.
    limit: int

    @property
    def is_complex(self) -> bool:
        """Whether the data are complex."""
        return self.dtype.kind == "c"

    @cached_property
    def spectrum_dtype(self) -> np.dtype[Any]:
        """Dtype of the spectra; without any transform that of the data."""
        return np.result_type(self.dtype, np.complex64) if self.lengths else self.dtype

    @cached_property
    def transformed(self) -> tuple[int, ...]:
        """Axes that are transformed; on the others, with a single tap, positions are a batch."""
        return tuple(i for i, axis in enumerate(self.axes) if axis.taps > 1)

    @cached_property
    def flat(self) -> tuple[int, ...]:
        """Axes that are not transformed."""
        return tuple(i for i, axis in enumerate(self.axes) if axis.taps == 1)

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Transform length of each transformed axis."""
        return tuple(self.tile.extents[axis] for axis in self.transformed)

    @cached_property
    def wanted(self) -> tuple[int, ...]:
        """Results of one tile on each transformed axis."""
        return tuple(self.tile.results[axis] for axis in self.transformed)

    @cached_property
    def frequencies(self) -> tuple[int, ...]:
        """Extents of a spectrum."""
        if self.is_complex or not self.lengths:
            return self.lengths
        return (*self.lengths[:-1], self.lengths[-1] // 2 + 1)

    @cached_property
    def positions(self) -> int:
        """Number of batch positions in one tile of one sample."""
        return prod(self.tile.extents[axis] for axis in self.flat)

    @cached_property
    def phases(self) -> int:
        """Number of stride phases, over all axes."""
        return prod(axis.phases for axis in self.axes)

    @cached_property
    def spectrum_bytes(self) -> int:
        """Bytes of one spectrum."""
        return prod(self.frequencies) * self.spectrum_dtype.itemsize

    @cached_property
    def block(self) -> tuple[int, int, int]:
        """Groups, outputs and inputs whose spectra leave half of `limit` free.

        All of them, or else some groups, or one, or part of one.
        """
        groups, outputs, inputs = self.groups, self.outputs, self.inputs
        while groups * outputs * inputs > 1:
            weight = 3 * groups * outputs * inputs * self.phases * self.spectrum_bytes
            both = 2 * groups * (outputs + inputs * self.phases) * self.pair_bytes
            if max(weight, both) <= self.limit // 2:
                break
            if groups > 1:
                groups = -(-groups // 2)
            elif outputs >= inputs:
                outputs = -(-outputs // 2)
            else:
                inputs = -(-inputs // 2)
        return groups, outputs, inputs

    @cached_property
    def together(self) -> tuple[int, int]:
        """Samples and tiles that make a chunk."""
        room = self.limit - 2 * self.weight_bytes - OBJECT_BYTES - _memory.scratch_limit(self)
        fits = max(1, min(room, CHUNK) // (self.sample_bytes + TILE_BYTES))
        samples = min(fits, self.batch)
        return samples, min(fits // samples, prod(self.tile.counts), MANY_TILES)

    @cached_property
    def weight_bytes(self) -> int:
        """Bytes of the spectra of one block of the weight."""
        return prod(self.block) * self.phases * self.spectrum_bytes

    @cached_property
    def sample_bytes(self) -> int:
        """Arrays and spectra of one tile of one sample, on both sides."""
        groups, outputs, inputs = self.block
        return groups * (outputs + inputs * self.phases) * self.pair_bytes

    @cached_property
    def pair_bytes(self) -> int:
        """Bytes of one tile and its spectrum."""
        tile = prod(self.lengths) * self.dtype.itemsize
        return (tile + self.spectrum_bytes) * self.positions

    @cached_property
    def chunk(self) -> int:
        """Batch positions in one chunk."""
        return prod(self.together) * self.positions

    @cached_property
    def by_matmul(self) -> bool:
        """Whether channels are contracted by matrix products, or array by array."""
        return _cost.product_of_chunk(self, True) < _cost.product_of_chunk(self, False)

    @cached_property
    def lane_bytes(self) -> int:
        """Upper bound of the bytes that one lane allocates."""
        return _memory.chunk_bytes(self) + _memory.scratch_bytes(self)

    def workspace(self, lanes: int = 1) -> int:
        """Upper bound of the bytes that are allocated at one time."""
        running = self.weight_bytes + lanes * self.lane_bytes
        objects = OBJECT_BYTES + PHASE_BYTES * self.phases
        return objects + self.weight_bytes + max(running, 2 * self.weight_bytes)

    @cached_property
    def chunk_count(self) -> int:
        """Number of chunks of one block."""
        samples, tiles = self.together
        return -(-self.batch // samples) * -(-prod(self.tile.counts) // tiles)

    @cached_property
    def seconds(self) -> float:
        """Expected time on one thread."""
        return _cost.seconds(self)

    def team(self, threads: int) -> Team:
        """At most `threads` at work: on chunks, if there are some and memory, or within each."""
        if not self.lengths or self.seconds < WORTH_WORKERS:
            return Team(1, 1)
        room = (self.limit - self.workspace(0)) // self.lane_bytes
        lanes = min(threads, self.chunk_count, room)
        if lanes < 2 or self.seconds < WORTH_LANES:
            return Team(1, threads)
        return Team(lanes, 1)

    @cached_property
    def repeats(self) -> tuple[int, int, int]:
        """Number of blocks of groups, outputs and inputs."""
        whole = (self.groups, self.outputs, self.inputs)
        return tuple(-(-all_ // part) for all_, part in zip(whole, self.block, strict=True))  # type: ignore[return-value]

    def blocks(self) -> Iterator[Block]:
        """Every block, with the input channels in the outermost loop."""
        groups, outputs, inputs = self.block
        for c in range(0, self.inputs, inputs):
            for g in range(0, self.groups, groups):
                for k in range(0, self.outputs, outputs):
                    yield Block(
                        slice(g, min(g + groups, self.groups)),
                        slice(k, min(k + outputs, self.outputs)),
                        slice(c, min(c + inputs, self.inputs)),
                    )
