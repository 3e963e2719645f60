"""Small problems in which every two extremes meet: a covering array for each spatial rank.

What tells one problem from another are its factors: batch, channels and filters of a group, groups,
the turn of a dtype, and of each axis kernel extent, stride, dilation, padding and output extent.
For every two factors each level of one meets each level of the other in some problem. As each of
the common ranks has an array of its own, rank is a third to all these pairs.

The arrays are made when they are first asked for. What a backend refuses shows nothing, so for each
backend there are more rows, with the pairs that are left, made of what it does take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from typing import NamedTuple

from ...plugin import FLOAT_NAMES, INTEGER_NAMES, Geometry
from ...problem import Pair
from .greedy import Accepts, Level, Pairs, Row, cover, replaced

# Smallest, even, odd, prime, odd beyond a vector of 8, even beyond a dozen, and primes beyond 16
# and beyond 200.
SIZES = (1, 2, 3, 5, 9, 14, 19, 211)
# The same for what an axis is made of where there are many.
FEW = (1, 2, 3, 5)
# A backend with fewer dtypes than these meets each of them at several turns.
TURNS = range(len(FLOAT_NAMES + INTEGER_NAMES))
# Padding of an axis by sign and symmetry, given its receptive field; where it is wider than that,
# the results at both ends read nothing.
PADDINGS: Mapping[str, Callable[[int], Pair]] = {
    "none": lambda field: (0, 0),
    "equal": lambda field: (1, 1),
    "before": lambda field: (2, 0),
    "after": lambda field: (0, 1),
    "unequal": lambda field: (1, 2),
    "crop": lambda field: (-1, -1),
    "crop before": lambda field: (-2, 0),
    "crop after": lambda field: (0, -1),
    "crop, then pad": lambda field: (-1, 2),
    "pad, then crop": lambda field: (2, -1),
    "wide": lambda field: (field + 1, field),
}
# Elements of an array, and products: two extents beyond 200 fit, and little else then.
MOST = 50_000
# Rows of a backend that others are made of.
BASES = 6


class Axis(NamedTuple):
    """The levels of one spatial axis."""

    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    padding: str = "none"
    output: int = 1

    @property
    def field(self) -> int:
        """The receptive field."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def input(self) -> int:
        """The input extent, of which odd outputs leave as much unread as they can.

        Below 1 where padding alone is more than all that is read: there is no such axis.
        """
        unread = (self.stride - 1) * (self.output % 2)
        reach = (self.output - 1) * self.stride + self.field
        return reach + unread - sum(PADDINGS[self.padding](self.field))


class Space:
    """The factors of the problems of some spatial ranks.

    A row of levels is rank, batch, channels and filters of a group, groups and the turn of a dtype,
    and then the five levels of each axis.

    Parameters
    ----------
    ranks : sequence of int
        The ranks, which are a factor where there are several.
    sizes : tuple of int
        Levels of the extents and steps of an axis.
    axes : int
        Axes with levels; the others, between them, have extent 1.
    """

    def __init__(self, ranks: Sequence[int], sizes: tuple[int, ...], axes: int) -> None:
        self.ranks = ranks
        common: list[Sequence[Level]] = [ranks, SIZES, SIZES, SIZES, SIZES, TURNS]
        self.axis: list[Sequence[Level]] = [sizes, sizes, sizes, tuple(PADDINGS), sizes]
        self.levels = common + self.axis * axes
        self.places = [slice(at, at + 5) for at in range(len(common), len(self.levels), 5)]
        self.least: Row = (ranks[0], 1, 1, 1, 1, 0, *Axis() * axes)
        ordinary = Axis(kernel=3, output=9 if axes < 4 else 3)
        self.ordinary: Row = (ranks[0], 1, 1, 1, 1, 0, *ordinary * axes)

    def silenced(self, row: Row) -> dict[int, int]:
        """A stride along a single output, and a dilation of a single tap."""
        silenced = {}
        for place in self.places:
            kernel, stride, dilation, _, output = row[place]
            if stride > 1 and output == 1:
                silenced[place.start + 1] = place.start + 4
            if dilation > 1 and kernel == 1:
                silenced[place.start + 2] = place.start
        return silenced

    def starts(self, row: Row, fixed: dict[int, Level]) -> Iterator[Row]:
        """The row itself, and with the smallest axes that have the fixed levels."""
        row = replaced(row, fixed)
        yield row
        for place in self.places:
            wanted = tuple(fixed.get(f) for f in range(place.start, place.stop))
            if any(wanted):
                smallest = _smallest(wanted, tuple(map(tuple, self.axis)))
                row = (*row[: place.start], *smallest, *row[place.stop :])
        yield row

    def small(self, row: Row) -> bool:
        """Whether there is such a problem, and it is small."""
        axes = [Axis(*row[place]) for place in self.places]
        inputs, outputs, taps = (
            [axis.input for axis in axes],
            prod(axis.output for axis in axes),
            prod(axis.kernel for axis in axes),
        )
        n, c, k, g = row[1:5]
        return min(inputs) > 0 and n * g * max(c * prod(inputs), k * outputs * c * taps) <= MOST

    def geometry(self, row: Row) -> Geometry:
        """The problem of a row."""
        rank, n, c, k, g = row[:5]
        axes = [Axis()] * rank
        for number, place in enumerate(self.places):
            axes[number * (rank - 1) // max(1, len(self.places) - 1)] = Axis(*row[place])
        return Geometry(
            batch=n,
            in_channels=g * c,
            out_channels=g * k,
            groups=g,
            input_extents=tuple(axis.input for axis in axes),
            kernel_extents=tuple(axis.kernel for axis in axes),
            stride=tuple(axis.stride for axis in axes),
            dilation=tuple(axis.dilation for axis in axes),
            padding=tuple(PADDINGS[axis.padding](axis.field) for axis in axes),
        )

    def dtype(self, row: Row, names: Sequence[str]) -> str:
        """Whose turn it is in a row."""
        return names[int(row[5]) % len(names)]

    @cache  # noqa: B019, spaces are few and live as long as the process
    def array(self) -> list[Row]:
        """Rows that show every pair."""
        return cover(Pairs(self), self.small, [self.ordinary, self.least])

    def completed(self, accepts: Accepts) -> list[Row]:
        """The rows of the array, and those that show the rest of what a backend accepts."""

        def taken(row: Row) -> bool:
            return self.small(row) and accepts(row)

        rows = [row for row in self.array() if accepts(row)]
        if len(rows) == len(self.array()):
            return rows
        bases = [row for row in (self.ordinary, *rows[:BASES]) if taken(row)]
        bases += [self._leanest(row, taken) for row in bases[:1]]
        pairs = Pairs(self)
        pairs.strike(rows)
        pairs.strike_unless(lambda f, level: any(taken(replaced(b, {f: level})) for b in bases))
        return self.array() + cover(pairs, taken, bases)

    def _leanest(self, row: Row, taken: Accepts) -> Row:
        """`row` with the first level of each factor that is taken."""
        for f, levels in enumerate(self.levels):
            row = next(filter(taken, (replaced(row, {f: level}) for level in levels)))
        return row


@cache
def _smallest(wanted: tuple[Level, ...], levels: tuple[tuple[Level, ...], ...]) -> Axis:
    """The first axis with the wanted levels, where one is wanted, that shows what they do."""
    choices = (given if one is None else (one,) for one, given in zip(wanted, levels, strict=True))
    return next(axis for axis in map(Axis._make, product(*choices)) if _serves(axis, wanted))


def _serves(axis: Axis, wanted: tuple[Level, ...]) -> bool:
    kernel, stride, dilation, _, output = wanted
    strided = not stride or stride == 1 or axis.output > 1 or output
    dilated = not dilation or dilation == 1 or axis.kernel > 1 or kernel
    return bool(axis.input > 0 and strided and dilated)


SPACES = (
    Space((1,), SIZES, 1),
    Space((2,), SIZES, 2),
    Space((3,), SIZES, 3),
    Space((4, 5, 16), FEW, 4),
)
