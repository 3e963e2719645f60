"""Borders other than zeros: the extension of an array, and its adjoint.

Each position of the extended axis copies one position of the original, so the extension is a
linear map with a single 1 in every row; its adjoint adds every position of the halo back to the
position that it was copied from. Axes are independent of each other: an axis is extended with what
lies in the halos of the axes before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..contract import Array, Convolution
from ..errors import GeometryError
from ..planning import Copy, Operand, Place, Workspace, assign, copier, summed_in
from ..problem import Geometry, Pair
from .boxes import Box, Line, Positions, as_index


class Border:
    """How an input (N, C, *S) is cropped and extended before it is convolved.

    Parameters
    ----------
    geometry : Geometry
        The problem, with what the modes fill as its padding.
    modes : tuple of str
        One for each spatial axis; those of "zeros" are left to the convolution.
    """

    def __init__(self, geometry: Geometry, modes: tuple[str, ...]) -> None:
        axes = zip(modes, geometry.padding, strict=True)
        pairs = [(0, 0) if mode == "zeros" else pair for mode, pair in axes]
        # Elements removed and added (before, after) each axis; crops come first.
        crops = [(max(0, -before), max(0, -after)) for before, after in pairs]
        self.modes = modes
        self.halos = [(max(0, before), max(0, after)) for before, after in pairs]
        # Where the cropped input lies in the input, and in the extended one.
        ends = zip(geometry.input_extents, crops, strict=True)
        self._kept = [slice(before, extent - after) for extent, (before, after) in ends]
        self.cropped_extents = [kept.stop - kept.start for kept in self._kept]
        inner = zip(self.cropped_extents, self.halos, strict=True)
        self._inner = [slice(before, before + extent) for extent, (before, _) in inner]
        inside = zip(self._inner, self.halos, strict=True)
        self.extended_extents = tuple(inner.stop + after for inner, (_, after) in inside)
        self._extents = geometry.input_extents
        self._sources_of = lru_cache(maxsize=64)(self._sources)
        self._check_axes()

    def _check_axes(self) -> None:
        for axis, extent in enumerate(self.cropped_extents):
            mode = self.modes[axis]
            if extent == 0 and any(self.halos[axis]) and mode != "constant":
                raise GeometryError(
                    f"padding_mode: {mode!r} cannot extend an empty axis; got extent 0 on "
                    f"spatial axis {axis}"
                )

    def remaining(self, geometry: Geometry) -> Geometry:
        """The problem that is left for the extended input."""
        axes = zip(self.modes, geometry.padding, strict=True)
        padding = tuple(pair if mode == "zeros" else (0, 0) for mode, pair in axes)
        return replace(geometry, input_extents=self.extended_extents, padding=padding)

    def extend(
        self,
        input: Operand,
        value: Any,
        batch: slice,
        rows: slice,
        space: Workspace | None = None,
        backend: Convolution | None = None,
    ) -> Array:
        """Samples and rows of the cropped and extended input, C-contiguous, in `space`.

        `value` fills where a mode is "constant"; `backend` copies what need not be converted.
        """
        start, stop, _ = rows.indices(self.extended_extents[0])
        samples = len(range(*batch.indices(len(input.array))))
        shape = (samples, input.array.shape[1], stop - start, *self.extended_extents[1:])
        block = np.empty(shape, summed_in(input.dtype)) if space is None else space.array(shape)
        if backend is not None and (plain := _plain(input)) is not None:
            self._copy_by(backend, plain[batch], block, start, value)
            return block
        copy = assign if space is None else space.copy
        if "constant" in self.modes:
            value = np.full((), value, input.dtype)
            value = value.conj() if input.conjugated else value
        self._copy_rows(input, value, batch, start, block, copy)
        for axis in range(1, len(self.modes)):
            self._fill_halo(block, axis, value)
        return block

    def _copy_by(
        self, backend: Convolution, input: Array, block: Array, start: int, value: Any
    ) -> None:
        """Let a backend copy to `block`, which begins with row `start`."""
        rows, columns = self._sources_of(start, start + block.shape[2])
        filled = np.full((), value, input.dtype)
        pair = _matrices(input), _matrices(block)
        backend.copy_extended(*pair, rows, columns, filled, threads=backend.threads)

    def _sources(self, start: int, stop: int) -> tuple[Positions, Positions]:
        """Of the extended rows [start, stop): which row of the input each copies, -1 for none.

        Rows are those of all axes but the last one, whose elements the second says.
        """
        ranges = [(start, stop), *((0, extent) for extent in self.extended_extents[1:])]
        axes = [self._sources_of_axis(axis, *pair) for axis, pair in enumerate(ranges)]
        rows = np.zeros(1, np.int64)
        for extent, sources in zip(self._extents[:-1], axes[:-1], strict=True):
            found = rows[:, None] * extent + sources
            rows = np.where((rows[:, None] < 0) | (sources < 0), -1, found).reshape(-1)
        return rows, axes[-1]

    def _sources_of_axis(self, axis: int, start: int, stop: int) -> Positions:
        """For a range of one axis what of the input it copies, -1 for a constant."""
        inner, crop = self._inner[axis], self._kept[axis].start
        low, high, extent = start - inner.start, stop - inner.start, self.cropped_extents[axis]
        if self.modes[axis] == "constant":
            found = np.arange(low, high)
            return np.where((found >= 0) & (found < extent), crop + found, -1)
        mode = "circular" if self.modes[axis] == "zeros" else self.modes[axis]
        return crop + source_positions(mode, low, high, max(1, extent))

    def _copy_rows(
        self, input: Operand, value: Any, batch: slice, start: int, block: Array, copy: Copy
    ) -> None:
        """Fill `block`, which begins with row `start`, where the other axes have no halo."""
        before, extent, crop = self.halos[0][0], self.cropped_extents[0], self._kept[0].start
        inner: tuple[Any, ...] = (..., *self._inner[1:])
        stop = start + block.shape[2]
        for low, high in _thirds(start, stop, before, before + extent):
            target = block[:, :, low - start : high - start]
            read: Any = slice(crop + low - before, crop + high - before)
            if not before <= low < before + extent:
                if self.modes[0] == "constant":
                    target[...] = value
                    continue
                sources = source_positions(self.modes[0], low - before, high - before, extent)
                read = as_index(crop + sources)
            input.copy_part((batch, slice(None), read, *self._kept[1:]), target[inner], copy)

    def _fill_halo(self, block: Array, axis: int, value: Any) -> None:
        lines = np.moveaxis(block, axis + 2, 0)
        before, extent = self.halos[axis][0], self.cropped_extents[axis]
        for low, high in ((-before, 0), (extent, len(lines) - before)):
            if low == high:
                continue
            halo = lines[before + low : before + high]
            if self.modes[axis] == "constant":
                halo[...] = value
            else:
                sources = source_positions(self.modes[axis], low, high, extent)
                halo[...] = lines[as_index(before + sources)]

    def box(self, ranges: Sequence[Pair]) -> Box:
        """A box of the extended input: positions [start, stop) of each axis."""
        return Box([self._line(axis, *pair) for axis, pair in enumerate(ranges)])

    def _line(self, axis: int, start: int, stop: int) -> Line:
        inner, crop = self._inner[axis], self._kept[axis].start
        mode, extent = self.modes[axis], self.cropped_extents[axis]
        own = range(max(start, inner.start) - start, max(start, min(stop, inner.stop)) - start)
        if mode == "constant":
            sources = crop + np.arange(start, stop)[own.start : own.stop] - inner.start
            return Line.constant(sources, own, stop - start)
        mode = "circular" if mode == "zeros" else mode  # which has no halo to fill
        sources = crop + source_positions(mode, start - inner.start, stop - inner.start, extent)
        return Line.of(sources, own)

    def boxes(self) -> Iterator[tuple[Pair, ...]]:
        """What the halos are made of, box by box: a range of positions of each axis.

        Those of the last axis come first, so that what is long is in the order of the memory.
        """
        ranges: list[Pair] = [(0, extent) for extent in self.extended_extents]
        for axis in reversed(range(len(ranges))):
            inner = self._inner[axis]
            for start, stop in ((0, inner.start), (inner.stop, self.extended_extents[axis])):
                if start < stop:
                    yield (*ranges[:axis], (start, stop), *ranges[axis + 1 :])
            ranges[axis] = (inner.start, inner.stop)

    def fold(self, gradient: Array, out: Array, backend: Convolution) -> None:
        """Adjoint of `extend`: write to `out` (N, C, *S) what `gradient` says of the input.

        `gradient`, C-contiguous, is overwritten.
        """
        if _leaves_folds(backend):  # in the order in which chunked arrays are folded
            out.fill(0)
            self.box([(0, extent) for extent in self.extended_extents]).fold(gradient, out)
            return
        direct = out.dtype == gradient.dtype and out.flags.carray
        total = out if direct else np.empty(out.shape, gradient.dtype)
        rows, columns = self._sources_of(0, self.extended_extents[0])
        pair = _matrices(gradient), _matrices(total)
        backend.fold_extended(*pair, rows, columns, threads=backend.threads)
        if not direct:
            copier(backend)(out, total)


def _leaves_folds(backend: Convolution) -> bool:
    """Whether folding is not what the backend is quicker at than NumPy."""
    return getattr(backend.fold_extended, "__func__", None) is Convolution.fold_extended.__func__  # type: ignore[attr-defined]


def _plain(input: Operand) -> Array | None:
    """The array of an operand, where it may be copied as it lies."""
    own = input.own
    return own if own is not None and own.flags.c_contiguous and own.flags.aligned else None


def _matrices(array: Array) -> Array:
    """A view (N C, rows, columns) of an array (N, C, *S): all axes but the last one are rows."""
    *rows, columns = array.shape[2:]
    return array.reshape(prod(array.shape[:2]), prod(rows), columns)


def _thirds(start: int, stop: int, begin: int, end: int) -> list[Pair]:
    """The parts of [start, stop) before, in and after [begin, end), without empty ones."""
    cuts = [start, *(min(max(cut, start), stop) for cut in (begin, end)), stop]
    return [(low, high) for low, high in pairwise(cuts) if low < high]


@lru_cache(maxsize=32)
def source_positions(mode: str, start: int, stop: int, extent: int) -> Positions:
    """For the positions [start, stop) of an extended axis, 0 being its first own, what they copy.

    Examples
    --------
    >>> source_positions("reflect", -5, 0, 3).tolist()
    [1, 0, 1, 2, 1]
    """
    found = np.arange(start, stop)
    if mode == "replicate":
        found = found.clip(0, extent - 1)
    elif mode == "circular":
        found %= extent
    else:
        edge = 1 if mode == "symmetric" else 0  # whether a mirror image repeats the edge
        period = max(1, 2 * (extent - 1 + edge))
        found %= period
        found = np.minimum(found, period - edge - found)
    found.setflags(write=False)
    return found


class Extended(NamedTuple):
    """The extended input, made slab by slab."""

    border: Border
    input: Operand
    value: Any
    backend: Convolution

    def part(self, place: Place, space: Workspace | None = None) -> Array:
        """The elements at `place`; in `space`."""
        batch, _, rows = (*place, slice(None), slice(None), slice(None))[:3]
        return self.border.extend(self.input, self.value, batch, rows, space, self.backend)
