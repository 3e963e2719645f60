"""Tables of one axis: for each block what it reads, and where the border sends gradients."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...errors import GeometryError
from ...functional import NUMPY_MODES
from ...plugin import Array
from ...problem import Geometry, Pair
from .windows import Span, bounds_of, span_of_positions, span_of_range

Bounds: TypeAlias = Sequence[int]
# Modes whose padding needs nothing from other places: each block pads its own window.
LOCAL_MODES = ("zeros", "constant")


class Fold(NamedTuple):
    """One axis of a block of the input's gradient, made from gradients of the extended input.

    Attributes
    ----------
    extent : int
        Of the block.
    extents : tuple of int
        Of the ranges of the extended input that are computed, one for each span.
    own : (int, int)
        Where, with those ranges in a row, the positions stand that were not added by the border.
    target : (int, int)
        Where they go in the block; the rest of it was cropped, and has the gradient 0.
    extra : tuple of (int, int)
        Positions that the border added, and the ones in `target` that they are copies of.
    """

    extent: int
    extents: tuple[int, ...]
    own: Pair
    target: Pair
    extra: tuple[Pair, ...] = ()


def output_spans(
    geometry: Geometry, axis: int, mode: str, outputs: Bounds, inputs: Bounds
) -> list[tuple[Span]]:
    """For each block of outputs its window of the input."""
    if mode in LOCAL_MODES:
        cuts = (geometry.cut(axis, *block) for block in pairwise(outputs))
        return [(_span(cut.input, cut.padding, inputs),) for cut in cuts]
    sources = extended_positions(geometry, axis, mode)
    stride, field = geometry.stride[axis], geometry.receptive_field[axis]
    windows = (sources[a * stride : (b - 1) * stride + field] for a, b in pairwise(outputs))
    return [(_span_of(positions, inputs),) for positions in windows]


def input_spans(
    geometry: Geometry, axis: int, mode: str, targets: Bounds, outputs: Bounds
) -> tuple[list[tuple[Span, ...]], list[Fold]]:
    """For each block of the input's gradient the outputs that read it, and how to fold."""
    rows: list[tuple[tuple[Span, ...], Fold]]
    if mode in LOCAL_MODES:
        rows = [_unfolded(geometry, axis, block, outputs) for block in pairwise(targets)]
    else:
        border = _Border.of(geometry, axis, mode)
        rows = [border.folded(block, outputs) for block in pairwise(targets)]
    spans, folds = zip(*rows, strict=True)
    return list(spans), list(folds)


def extended_positions(geometry: Geometry, axis: int, mode: str) -> np.ndarray[Any, Any]:
    """For each position of the extended axis the element of the input that it copies."""
    pair, extent = geometry.padding[axis], geometry.input_extents[axis]
    low, high = max(0, -pair[0]), extent - max(0, -pair[1])
    halo = (max(0, pair[0]), max(0, pair[1]))
    if low == high and any(halo):
        raise GeometryError(
            f"padding_mode: {mode!r} cannot extend an empty axis; got extent 0 on spatial axis "
            f"{axis}"
        )
    if low == high:
        return np.empty(0, int)
    return np.pad(np.arange(low, high), halo, NUMPY_MODES[mode])  # type: ignore[call-overload, no-any-return]


def _span(part: slice, padding: Pair, bounds: Bounds) -> Span:
    return span_of_range(part.start, part.stop, bounds, padding)


def _span_of(positions: np.ndarray[Any, Any], bounds: Bounds) -> Span:
    if len(positions) and (np.diff(positions) == 1).all():  # inside, as most
        return span_of_range(int(positions[0]), int(positions[-1]) + 1, bounds)
    return span_of_positions(positions.tolist(), bounds)


def _unfolded(
    geometry: Geometry, axis: int, block: Pair, outputs: Bounds
) -> tuple[tuple[Span, ...], Fold]:
    cut, extent = geometry.cut(axis, *block, of="input"), block[1] - block[0]
    fold = Fold(extent, (extent,), (0, extent), (0, extent))
    return (_span(cut.output, cut.padding, outputs),), fold


class _Border(NamedTuple):
    """An axis whose border copies elements of the input.

    Attributes
    ----------
    axis : int
        Which.
    extended : Geometry
        The problem whose input is extended along it already.
    kept : (int, int)
        The elements of the input that are not cropped.
    before : int
        How many positions the border adds before them.
    added : tuple of (int, int)
        Every position that it adds, with the element of the input that this is a copy of.
    """

    axis: int
    extended: Geometry
    kept: Pair
    before: int
    added: tuple[Pair, ...]

    @classmethod
    def of(cls, geometry: Geometry, axis: int, mode: str) -> _Border:
        """The border of one axis of a problem."""
        extents, padding = list(geometry.input_extents), list(geometry.padding)
        extents[axis], (before, after) = geometry.padded_extents[axis], padding[axis]
        padding[axis] = (0, 0)
        extended = replace(geometry, input_extents=tuple(extents), padding=tuple(padding))
        kept = (max(0, -before), geometry.input_extents[axis] - max(0, -after))
        sources = extended_positions(geometry, axis, mode).tolist()
        first, last = max(0, before), len(sources) - max(0, after)
        added = (*range(first), *range(last, len(sources)))
        return cls(axis, extended, kept, first, tuple((p, sources[p]) for p in added))

    def folded(self, block: Pair, outputs: Bounds) -> tuple[tuple[Span, ...], Fold]:
        """What a block is made from: itself, and copies of it, which may lie at the other end."""
        low, high = max(block[0], self.kept[0]), min(block[1], self.kept[1])
        if low >= high:
            return (), Fold(block[1] - block[0], (), (0, 0), (0, 0))
        shift = self.before - self.kept[0]
        copies = [(p, source - low) for p, source in self.added if low <= source < high]
        ranges = _joined([(low + shift, high + shift), *((p, p + 1) for p, _ in copies)])
        spans = (self.extended.cut(self.axis, *part, of="input") for part in ranges)
        place = _places(ranges)
        fold = Fold(
            block[1] - block[0],
            tuple(stop - start for start, stop in ranges),
            (place(low + shift), place(low + shift) + high - low),
            (low - block[0], high - block[0]),
            tuple((place(position), target) for position, target in copies),
        )
        return tuple(_span(cut.output, cut.padding, outputs) for cut in spans), fold


def _joined(ranges: Sequence[Pair]) -> list[Pair]:
    """The ranges in order, those that touch made one."""
    joined: list[Pair] = []
    for start, stop in sorted(ranges):
        if joined and joined[-1][1] == start:
            start = joined.pop()[0]
        joined.append((start, stop))
    return joined


def _places(ranges: Sequence[Pair]) -> Callable[[int], int]:
    """Where a position stands once the ranges are put in a row."""
    starts = [start for start, _ in ranges]
    offsets = bounds_of([stop - start for start, stop in ranges])

    def place(position: int) -> int:
        number = bisect_right(starts, position) - 1
        return offsets[number] + position - starts[number]

    return place


def output_bounds(geometry: Geometry, axis: int, inputs: Bounds) -> tuple[int, ...]:
    """Bounds of blocks of outputs that go with chunks of the input: where most of a window lies."""
    stride, last = geometry.stride[axis], geometry.output_extents[axis]
    shift = _shift(geometry, axis)
    cuts = {-(-(bound - shift) // stride) for bound in inputs[1:-1]}
    return (0, *sorted(cut for cut in cuts if 0 < cut < last), last)


def input_bounds(geometry: Geometry, axis: int, outputs: Bounds) -> tuple[int, ...]:
    """Bounds of blocks of the input that go with chunks of the output."""
    stride, last = geometry.stride[axis], geometry.input_extents[axis]
    shift = _shift(geometry, axis)
    cuts = {bound * stride + shift for bound in outputs[1:-1]}
    return (0, *sorted(cut for cut in cuts if 0 < cut < last), last)


def _shift(geometry: Geometry, axis: int) -> int:
    """Which input an output stands above; that of its own number where the extents agree."""
    extents = geometry.input_extents[axis], geometry.output_extents[axis]
    if extents[1] == -(-extents[0] // geometry.stride[axis]):
        return 0
    return (geometry.receptive_field[axis] - 1) // 2 - geometry.padding[axis][0]


def folded(gradient: Array, folds: Sequence[Fold]) -> Array:
    """The gradient of the extended input, with what its borders copied added to where it was."""
    with np.errstate(over="ignore", invalid="ignore"):
        for axis, fold in enumerate(folds, start=2):
            if fold.extra or fold.extent != gradient.shape[axis]:
                gradient = np.moveaxis(_folded(np.moveaxis(gradient, axis, 0), fold), 0, axis)
    return gradient


def _folded(lines: Array, fold: Fold) -> Array:
    result = np.zeros((fold.extent, *lines.shape[1:]), lines.dtype)
    own = result[slice(*fold.target)]
    own[...] = lines[slice(*fold.own)]
    for position, target in fold.extra:
        own[target] += lines[position]
    return result
