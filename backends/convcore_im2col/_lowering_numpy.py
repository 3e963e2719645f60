"""im2col and col2im in NumPy, where `_lowering` was not built: the same results, more slowly."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from convcore.plugin import Array


def im2col(input: Array, columns: Array, axes: Array, begin: int, first_tap: int) -> None:
    """Overwrite `columns` with a tile of the column matrices of `input`."""
    for rows, inside, element in _taps(input, columns, axes, begin, first_tap):
        rows[:, :, ~inside] = 0
        rows[:, :, inside] = input[:, :, element]


def col2im(input: Array, columns: Array, axes: Array, begin: int, first_tap: int) -> None:
    """Add a tile of column matrices to the elements of `input` that they came from."""
    for rows, inside, element in _taps(input, columns, axes, begin, first_tap):
        input[:, :, element] += rows[:, :, inside]  # one tap reads no element twice


def _taps(
    input: Array, columns: Array, axes: Array, begin: int, first_tap: int
) -> Iterator[tuple[Array, Array, Array]]:
    """For each tap its rows (samples, channels, positions), and where they read which element.

    `axes` has a row for each spatial axis, as `axis_table` makes it.
    """
    samples, channels = input.shape[:2]
    rows = columns.reshape(samples, channels, -1, columns.shape[-1])
    _, taps, outputs, *_ = axes.T.tolist()
    position = np.arange(begin, begin + columns.shape[-1])
    at = np.unravel_index(position, outputs)
    for number in range(rows.shape[2]):
        tap = np.unravel_index((first_tap + number) % prod(taps), taps)
        inside, element = _reads(axes.tolist(), at, tap)
        yield rows[:, :, number], inside, element[inside]


def _reads(
    axes: list[list[int]], at: tuple[Array, ...], tap: tuple[Array, ...]
) -> tuple[Array, Array]:
    """Which outputs read an element of the input by this tap, and its place."""
    inside = np.ones(at[0].shape, bool)
    element = np.zeros(at[0].shape, np.int64)
    for (extent, _, _, stride, dilation, before, pitch, _), o, r in zip(axes, at, tap, strict=True):
        place = o * stride + (int(r) * dilation - before)
        inside &= (place >= 0) & (place < extent)
        element += place * pitch
    return inside, element
