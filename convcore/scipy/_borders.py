"""What a filter reads beyond the ends of an array, in the seven modes of scipy.ndimage."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from ..plugin import Array

# SciPy's codes; a filter makes no difference between a mode and its "grid-" namesake.
NEAREST, WRAP, REFLECT, MIRROR, CONSTANT, GRID_WRAP, GRID_CONSTANT = range(7)

# Positions before and after an output that its window reads, for each axis.
Reach: TypeAlias = Sequence[tuple[int, int]]


def reach_of(taps: int, origin: int) -> tuple[int, int]:
    """Positions that a window of `taps` reads before and after its output."""
    before = taps // 2 + origin
    return before, taps - 1 - before


def positions(begin: int, end: int, extent: int, mode: int) -> Array:
    """Where the values at `begin` to `end` stand, some of which lie outside 0 to `extent`."""
    wanted = np.arange(begin, end)
    if mode == NEAREST or (mode == MIRROR and extent == 1):
        return wanted.clip(0, extent - 1)
    if mode in (WRAP, GRID_WRAP):
        return wanted % extent
    period = 2 * extent if mode == REFLECT else 2 * extent - 2
    wanted %= period
    return np.minimum(wanted, (period - 1 if mode == REFLECT else period) - wanted)


@lru_cache(maxsize=1024)
def sources(begin: int, end: int, extent: int, mode: int) -> list[tuple[slice, slice]]:
    """Runs of positions between `begin` and `end`, each with the slice that holds its values.

    Both count from `begin` and from 0; a run is forwards, backwards, or one value throughout.
    """
    found, runs = positions(begin, end, extent, mode), []
    start = 0
    while start < len(found):
        step = int(found[start + 1] - found[start]) if start + 1 < len(found) else 1
        turns = np.flatnonzero(np.diff(found[start:]) != step)
        count = int(turns[0]) + 1 if len(turns) else len(found) - start
        low = int(found[start])
        stop = low + step * count if step else low + 1
        runs.append(
            (slice(start, start + count), slice(low, stop if stop >= 0 else None, step or 1))
        )
        start += count
    return runs


def extended_shape(input: Array, rows: slice, reach: Reach) -> list[int]:
    """Extents of some rows of `input` with all that their windows read."""
    shape = (rows.stop - rows.start, *input.shape[1:])
    return [n + before + after for n, (before, after) in zip(shape, reach, strict=True)]


def extend(input: Array, rows: slice, reach: Reach, mode: int, cval: float, wide: Array) -> None:
    """Fill `wide` with some rows of `input` and all that their windows read."""
    inside = tuple(
        slice(before, n - after)
        for n, (before, after) in zip(wide.shape[1:], reach[1:], strict=True)
    )
    _copy_rows(input, rows.start - reach[0][0], wide[(slice(None), *inside)], mode, cval)
    for axis in range(1, input.ndim):
        if reach[axis] != (0, 0):
            _extend_axis(wide, axis, reach[axis], mode, cval)


def _copy_rows(input: Array, first: int, wide: Array, mode: int, cval: float) -> None:
    """Fill `wide` with the rows from `first` on."""
    extent, last = len(input), first + len(wide)
    low, high = min(max(first, 0), extent), max(min(last, extent), 0)
    wide[low - first : high - first] = input[low:high]
    for begin, end in ((first, low), (high, last)):
        if begin < end:
            _fill(wide[begin - first : end - first], input, begin, mode, cval)


def _extend_axis(wide: Array, axis: int, reach: tuple[int, int], mode: int, cval: float) -> None:
    """Fill both ends of one axis from what stands between them."""
    before, after = reach
    along = wide.swapaxes(axis, 0)
    inside = along[before : len(along) - after]
    if before:
        _fill(along[:before], inside, -before, mode, cval)
    if after:
        _fill(along[before + len(inside) :], inside, len(inside), mode, cval)


def _fill(target: Array, inside: Array, begin: int, mode: int, cval: float) -> None:
    """Fill `target`, which stands at `begin` seen from `inside`."""
    if mode in (CONSTANT, GRID_CONSTANT):
        target[...] = cval
        return
    for there, here in sources(begin, begin + len(target), len(inside), mode):
        target[there] = inside[here]
