"""Tiles: overlap-save blocks, in which n points with U taps give n - U + 1 results."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from ._dense import Dense
from ._lattice import Axis

# Extent, results and number of the tiles on one axis.
Column = tuple[int, int, int]


def fast_length(length: int) -> int:
    """Smallest 2**a 3**b 5**c that is at least `length`.

    The same as `scipy.fft.next_fast_len(length, real=True)`; an estimate must not cost the
    tenths of a second that importing scipy.fft can take.
    """
    lengths = _octave(length.bit_length())
    return lengths[bisect_left(lengths, length)]


@cache
def _octave(bits: int) -> list[int]:
    """Every 2**a 3**b 5**c of `bits` binary digits, in order, and the next power of two."""
    lengths, five = [1 << bits], 1
    while five.bit_length() <= bits:
        odd = five
        while odd.bit_length() <= bits:
            lengths.append(odd << (bits - odd.bit_length()))
            odd *= 3
        five *= 5
    return sorted(lengths)


class Tile(NamedTuple):
    """The tiles of one sample: their extents on every axis, and how many there are."""

    columns: Sequence[Column]
    # Tiles of one sample; in each of them the positions on untransformed axes; for each of those
    # the points of a transform, and the frequencies of its spectrum.
    number: int
    positions: int
    points: int
    frequencies: int

    @classmethod
    def of(cls, dense: Dense, lengths: Sequence[int]) -> Tile:
        """Evenly sized tiles of at most about `lengths` points; a length may be cut short."""
        columns, number, positions, points, last = [], 1, 1, 1, 1
        for axis, length in zip(dense.axes, lengths, strict=True):
            column = extent, _, tiles = _column(
                axis.taps, axis.units, axis.results, axis.single, length
            )
            columns.append(column)
            number *= tiles
            if axis.taps > 1:
                points *= extent
                last = extent
            else:
                positions *= extent
        frequencies = points if dense.is_complex else points // last * (last // 2 + 1)
        return cls(columns, number, positions, points, frequencies)


# Axes are often alike.
@lru_cache(maxsize=1024)
def _column(taps: int, units: int, results: int, single: int, length: int) -> Column:
    """Extent, results and number of the tiles on one axis."""
    if length >= single:
        return (fast_length(single) if taps > 1 else single), results, units
    halo = taps - 1
    count = -(-results // max(1, length - halo))
    extent = -(-results // count) + halo
    if taps > 1:
        extent = fast_length(extent)
    return extent, extent - halo, units * -(-results // (extent - halo))


def candidates(axis: Axis) -> list[int]:
    """Tile lengths worth a look, in half octaves from just above the taps to everything."""
    single = axis.single
    octaves = range(axis.taps.bit_length() - 1, single.bit_length())
    lengths = [half << octave for octave in octaves for half in (2, 3)]
    return [length for length in lengths if length < single] + [single]
