"""How an operation is cut into tiles, channel blocks and chunks, and what that costs.

A chunk is what is transformed together: some tiles of some samples. Channels are cut into blocks
only where the spectra of the weight would not fit into the workspace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from math import log2, prod
from typing import Any, NamedTuple

import numpy as np

from ._lattice import Axis
from ._tiles import Tile

WORKSPACE = 64 * 2**20
# Chunks beyond this do not amortise anything more, but leave the cache.
CHUNK = 4 * 2**20
# Scratch of one contraction. 512 KiB would fit an L2 cache, but means more calls on shorter arrays:
# with 3 to 8 channels 2 MiB took 0.8 of the time (AMD EPYC, Zen 3), and 8 MiB as long as 2.
SCRATCH = 2**21
# Fewest frequencies that a contraction handles together, and most tiles in one chunk.
FEW_FREQUENCIES, MANY_TILES = 64, 1024
# Longest sum that is added up term by term; longer ones are split, lest the errors add up too.
RUN = 64
# Python objects and NumPy buffers of a call; of a tile; of a combination of stride phases.
OBJECT_BYTES, TILE_BYTES, PHASE_BYTES = 2**17, 2**10, 2**8

# Seconds for float32, minimum of interleaved runs on one core of an AMD EPYC virtual machine with
# SciPy 1.17 and OpenBLAS; everything but the overheads doubles for float64.
FFT_POINT = 0.22e-9  # per real point and log2 of the transform
COPY_POINT = 0.8e-9  # gather, scatter or fill up with zeros, per real point
MULTIPLY, ADD = 0.55e-9, 0.45e-9  # per complex product or sum, array against array
MATMUL = 0.17e-9  # per complex multiply-add inside a matrix product
MATMUL_CALL = 150e-9  # per matrix product
TRANSPOSE = 3e-9  # per complex element put in frequency order, and back
SLICE_CALL, CHUNK_CALL, BASE_CALL = 10e-6, 150e-6, 250e-6
# Share of the transform time that more threads divide.
PARALLEL = 0.8


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
    # How much of groups, outputs and inputs makes a block, and of samples and tiles a chunk.
    block: tuple[int, int, int] = (1, 1, 1)
    samples: int = 1
    tiles: int = 1
    # Bytes that a contraction should stay under.
    scratch: int = SCRATCH

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
        return self.tiles * self.samples * self.positions

    @cached_property
    def by_matmul(self) -> bool:
        """Whether channels are contracted by matrix products, or array by array."""
        return self._product_seconds(True) < self._product_seconds(False)

    @property
    def few_frequencies(self) -> int:
        """Fewest frequencies that a contraction takes together."""
        return 1 if self.by_matmul else FEW_FREQUENCIES

    def product_elements(self, rows: int, inner: int, columns: int) -> int:
        """Scratch elements for one frequency of products summed over `inner` channels."""
        results = rows * columns * (4 + (inner // RUN).bit_length())
        return results + ((rows + columns) * inner if self.by_matmul else 0)

    @cached_property
    def scratch_bytes(self) -> int:
        """Scratch of one contraction, whichever operation it belongs to."""
        groups, outputs, inputs = self.block
        sides = (self.chunk, outputs, inputs * self.phases)
        most = max(self.product_elements(*order) for order in permutations(sides))
        least = self.few_frequencies * groups * self.spectrum_dtype.itemsize
        return max(self.scratch, least * most)

    @cached_property
    def workspace(self) -> int:
        """Upper bound of the bytes that are allocated at one time."""
        chunk = self.tiles * (self.samples * self.sample_bytes + TILE_BYTES)
        running = 2 * self.weight_bytes + chunk + self.scratch_bytes
        objects = OBJECT_BYTES + PHASE_BYTES * self.phases
        return objects + max(running, 3 * self.weight_bytes)

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

    @property
    def seconds(self) -> float:
        """Expected time on one thread."""
        return self.transform_seconds + self.other_seconds

    @cached_property
    def _points(self) -> int:
        """Real points that are gathered or scattered, on both sides."""
        _, again_x, again_y = self.repeats
        channels = self.inputs * self.phases * again_x + self.outputs * again_y
        points = self.groups * channels * self.batch * prod(self.tile.counts)
        return points * prod(self.tile.extents) * (2 if self.is_complex else 1)

    @cached_property
    def _weight_points(self) -> int:
        """Real points of the weight with the zeros that fill it up."""
        pairs = self.groups * self.outputs * self.inputs * self.phases
        return pairs * prod(self.lengths) * (2 if self.is_complex else 1)

    @cached_property
    def transform_seconds(self) -> float:
        """Expected time of the transforms on one thread."""
        if not self.lengths:
            return 0.0
        points = self._points + self._weight_points
        return FFT_POINT * self._scale * points * (2 + log2(prod(self.lengths)))

    @cached_property
    def other_seconds(self) -> float:
        """Expected time of copies, products and calls."""
        parts = -(-self.batch // self.samples) * prod(self.repeats)
        chunks = -(-prod(self.tile.counts) // self.tiles) * parts
        calls = prod(self.tile.counts) * parts * (self.phases + 1)
        overhead = BASE_CALL + CHUNK_CALL * chunks + SLICE_CALL * calls
        copies = COPY_POINT * (self._points + 2 * self._weight_points)
        if self.by_matmul:
            copies += TRANSPOSE / 2 * self._weight_points
        return overhead + self._scale * (copies + chunks * self._product_seconds(self.by_matmul))

    @property
    def _scale(self) -> float:
        return self.dtype.itemsize / (8 if self.is_complex else 4)

    def _product_seconds(self, by_matmul: bool) -> float:
        """Time of the products of one chunk of one block."""
        groups, outputs, inputs = self.block
        inputs, many = inputs * self.phases, groups * prod(self.frequencies)
        pairs = self.chunk * outputs * inputs
        if by_matmul:
            moved = TRANSPOSE * (self.chunk * (outputs + inputs) + outputs * inputs)
            return many * (MATMUL_CALL + moved + MATMUL * pairs)
        return many * pairs * (MULTIPLY + (ADD if inputs > 1 else 0))
