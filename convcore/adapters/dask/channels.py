"""Channels in chunks: which ranges are convolved with each other, and what is summed.

With groups, a range of result channels sees the channels of its own groups only. `pieces_of` cuts
the channels of the result so that each piece is either a number of whole groups inside one chunk of
the operand, or lies in a single group whose channels may come from several chunks: then one term
is computed for each chunk, and the terms are added.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ...problem import Pair


class Piece(NamedTuple):
    """Channels of the result that are computed together.

    Attributes
    ----------
    target : (int, int)
        The channels [start, stop) of the result.
    groups : int
        How many groups they are.
    terms : tuple of (int, int)
        The channels of the operand that are summed, range by range.
    inner : tuple of (int, int)
        The same, counted within their group.
    own : (int, int)
        `target`, counted within its group; all channels of one where there are several.
    """

    target: Pair
    groups: int
    terms: tuple[Pair, ...]
    inner: tuple[Pair, ...]
    own: Pair


def pieces_of(groups: int, targets: Sequence[int], sources: Sequence[int]) -> list[Piece]:
    """Pieces of a result whose channels, and those of the operand, are cut at these bounds.

    Examples
    --------
    >>> [(piece.target, piece.groups, piece.terms) for piece in pieces_of(1, (0, 8), (0, 4, 6))]
    [((0, 8), 1, ((0, 4), (4, 6)))]
    >>> [(piece.target, piece.groups) for piece in pieces_of(6, (0, 12), (0, 4, 6))]
    [((0, 8), 4), ((8, 12), 2)]
    """
    sides = (Side(targets[-1] // groups, targets), Side(sources[-1] // groups, sources))
    pieces: list[Piece] = []
    first = 0
    while first < groups:
        last = first + 1
        while last < groups and all(side.joins(last) for side in sides):
            last += 1
        pieces += _pieces_between(first, last, *sides)
        first = last
    return pieces


class Side(NamedTuple):
    """Channels of one array: how many a group has, and the bounds of the chunks."""

    width: int
    bounds: Sequence[int]

    def joins(self, group: int) -> bool:
        """Whether this group and the one before it stand together in one chunk."""
        start, stop = (group - 1) * self.width, (group + 1) * self.width
        return bisect_right(self.bounds, start) == bisect_left(self.bounds, stop)


def _pieces_between(first: int, last: int, target: Side, source: Side) -> Iterator[Piece]:
    """The pieces of the groups [first, last), which are several only where all are whole."""
    start, origin = first * target.width, first * source.width
    terms = tuple(_cut(origin, last * source.width, source.bounds))
    if last - first > 1:
        whole = ((0, source.width),)
        yield Piece((start, last * target.width), last - first, terms, whole, (0, target.width))
        return
    inner = tuple((low - origin, high - origin) for low, high in terms)
    for low, high in _cut(start, start + target.width, target.bounds):
        yield Piece((low, high), 1, terms, inner, (low - start, high - start))


def _cut(start: int, stop: int, bounds: Sequence[int]) -> Iterator[Pair]:
    """The parts of [start, stop) between bounds."""
    inside = bounds[bisect_right(bounds, start) : bisect_left(bounds, stop)]
    return pairwise((start, *inside, stop))
