"""Tiles: overlap-save blocks, in which n points with U taps give n - U + 1 results."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ._lattice import Axis


@lru_cache(maxsize=4096)
def fast_length(length: int) -> int:
    """Smallest 2**a 3**b 5**c that is at least `length`.

    The same as `scipy.fft.next_fast_len(length, real=True)`; an estimate must not cost the
    tenths of a second that importing scipy.fft can take.
    """
    best, five = 2 * length, 1
    while five < best:
        odd = five
        while odd < best:
            best = min(best, odd << (-(-length // odd) - 1).bit_length())
            odd *= 3
        five *= 5
    return best


class Tile(NamedTuple):
    """Transform extents and result extents of one tile, per axis, and the number of tiles."""

    extents: tuple[int, ...]
    results: tuple[int, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, axes: tuple[Axis, ...], lengths: tuple[int, ...]) -> Tile:
        """Evenly sized tiles of at most about `lengths` points; a length may be cut short."""
        columns = (_cut(axis, length) for axis, length in zip(axes, lengths, strict=True))
        return cls(*zip(*columns, strict=True))


def _cut(axis: Axis, length: int) -> tuple[int, int, int]:
    """Extent, results and number of tiles on one axis."""
    halo = axis.taps - 1
    if length >= axis.single:
        return _padded(axis, axis.single), axis.results, axis.units
    count = -(-axis.results // max(1, length - halo))
    extent = _padded(axis, -(-axis.results // count) + halo)
    return extent, extent - halo, axis.units * -(-axis.results // (extent - halo))


def _padded(axis: Axis, length: int) -> int:
    return fast_length(length) if axis.taps > 1 else length


def candidates(axis: Axis) -> list[int]:
    """Tile lengths worth a look, in half octaves from just above the taps to everything."""
    lengths, power = [], 1 << axis.taps.bit_length()
    while power < axis.single:
        lengths += [power, 3 * power // 2]
        power *= 2
    return [length for length in lengths if length < axis.single] + [axis.single]
