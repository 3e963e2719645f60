"""Stacks of tiles: how they are gathered from an array and scattered back into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product
from math import prod
from typing import NamedTuple

import numpy as np

from convcore.plugin import Array

from ._cut import Block, Cut
from ._lattice import Axis, Grid, Span, overlap

Spans = tuple[Span, ...]
Slices = tuple[slice, ...]


class Chunk(NamedTuple):
    """What is transformed together: some tiles of some samples."""

    samples: slice
    tiles: Sequence[Spans]


def chunks(cut: Cut) -> Iterator[Chunk]:
    """Every chunk of every block of `cut`."""
    samples, tiles = cut.together
    for begin in range(0, cut.dense.batch, samples):
        part, remaining = slice(begin, begin + samples), _tiles(cut.dense.axes, cut.results)
        while taken := tuple(islice(remaining, tiles)):
            yield Chunk(part, taken)


def _tiles(axes: Sequence[Axis], results: Sequence[int]) -> Iterator[Spans]:
    """Product of the spans of every axis, without holding any of them."""
    if not axes:
        yield ()
        return
    for span in axes[0].spans(results[0]):
        for rest in _tiles(axes[1:], results[1:]):
            yield (span, *rest)


class Side(NamedTuple):
    """The input or the output of the convolution, as stacks of tiles.

    A stack has the axes (tile, sample, *positions on untransformed axes, group, channel, phase,
    *transformed axes); flattened it is (position, group, channel and phase, *transformed axes).
    """

    cut: Cut
    array: Array
    grid: Callable[[Axis, int, int], Grid]
    phases: tuple[tuple[int, ...], ...]
    is_input: bool

    @classmethod
    def input(cls, cut: Cut, array: Array) -> Side:
        """The array of shape (N, C, *S)."""
        return cls(cut, _grouped(cut, array), Axis.input_grid, phases_of(cut), True)

    @classmethod
    def output(cls, cut: Cut, array: Array) -> Side:
        """The array of shape (N, K, *O)."""
        phases = ((0,) * len(cut.dense.axes),)
        return cls(cut, _grouped(cut, array), Axis.output_grid, phases, False)

    def buffer(self) -> Array:
        """Room for the largest chunk of the largest block, as a flat array."""
        groups, outputs, inputs = self.cut.block
        channels = inputs * len(self.phases) if self.is_input else outputs
        size = self.cut.chunk * groups * channels * prod(self.cut.lengths)
        return np.empty(size, self.array.dtype)

    def gather(self, block: Block, chunk: Chunk, buffer: Array, *, whole: bool = True) -> Array:
        """Flattened stack of tiles in `buffer`: `whole`, or with zeros behind the results."""
        part = self._part(block, chunk)
        shape = (*self._leading(part, chunk), *self.cut.lengths)
        stack = buffer[: prod(shape)].reshape(shape)
        for tile, spans in zip(self._face(stack), chunk.tiles, strict=True):
            if whole:
                spans = self._extended(spans)
            for number, phase in enumerate(self.phases):
                _load(part, tile[:, :, :, number], self._overlap(spans, phase))
        channels = part.shape[2] * len(self.phases)
        return stack.reshape(-1, part.shape[1], channels, *self.cut.lengths)

    def scatter(self, block: Block, chunk: Chunk, results: Array, *, add: bool) -> None:
        """Write a flattened stack of results into the array, or add it."""
        part = self._part(block, chunk)
        stack = results.reshape(*self._leading(part, chunk), *results.shape[3:])
        for tile, spans in zip(self._face(stack), chunk.tiles, strict=True):
            for number, phase in enumerate(self.phases):
                _store(part, tile[:, :, :, number], self._overlap(spans, phase), add)

    def _part(self, block: Block, chunk: Chunk) -> Array:
        """View (sample, group, channel, *spatial) of what `block` and `chunk` touch."""
        channels = block.group_in_channels if self.is_input else block.group_out_channels
        return self.array[chunk.samples, block.groups, channels]

    def _leading(self, part: Array, chunk: Chunk) -> tuple[int, ...]:
        """Shape of a stack, up to the transformed axes."""
        flat = (self.cut.extents[axis] for axis in self.cut.dense.flat)
        samples, groups, channels = part.shape[:3]
        return (len(chunk.tiles), samples, *flat, groups, channels, len(self.phases))

    def _face(self, stack: Array) -> Array:
        """`stack` as (tile, sample, group, channel, phase, *all axes in order)."""
        channels = 2 + len(self.cut.dense.flat)
        order = [0] * len(self.cut.dense.axes)
        for at, axis in enumerate(self.cut.dense.flat, start=2):
            order[axis] = at
        for at, axis in enumerate(self.cut.dense.transformed, start=channels + 3):
            order[axis] = at
        return stack.transpose(0, 1, channels, channels + 1, channels + 2, *order)

    def _extended(self, spans: Spans) -> Spans:
        """`spans` with the halo."""
        extents = self.cut.extents
        return tuple(s._replace(end=s.begin + n) for s, n in zip(spans, extents, strict=True))

    def _overlap(self, spans: Spans, phase: tuple[int, ...]) -> tuple[Slices, Slices] | None:
        """Slices of the array and of the tile, or None where they do not meet."""
        near, far = [], []
        for axis, span, number in zip(self.cut.dense.axes, spans, phase, strict=True):
            pair = overlap(self.grid, axis, span, number)
            if pair is None:
                return None
            near.append(pair[0])
            far.append(pair[1])
        return tuple(near), tuple(far)


def phases_of(cut: Cut) -> tuple[tuple[int, ...], ...]:
    """Every combination of stride phases."""
    return tuple(product(*(range(axis.phases) for axis in cut.dense.axes)))


def _grouped(cut: Cut, array: Array) -> Array:
    """View (sample, group, channel, *spatial)."""
    return array.reshape(cut.dense.batch, cut.dense.groups, -1, *array.shape[2:])


def _load(part: Array, tile: Array, slices: tuple[Slices, Slices] | None) -> None:
    if slices is None:
        tile.fill(0)
        return
    inside = tile[(..., *slices[1])]
    if inside.shape != tile.shape:
        tile.fill(0)
    inside[...] = part[(..., *slices[0])]


def _store(part: Array, tile: Array, slices: tuple[Slices, Slices] | None, add: bool) -> None:
    if slices is None:
        return
    target, source = part[(..., *slices[0])], tile[(..., *slices[1])]
    if add:
        target += source
    else:
        target[...] = source
