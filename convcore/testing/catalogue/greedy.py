"""Covering arrays, greedily: rows in which every two levels of different factors meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from ...plugin import Array

Level: TypeAlias = Any
Row: TypeAlias = tuple[Level, ...]
Accepts: TypeAlias = Callable[[Row], bool]


class Factors(Protocol):
    """What rows are made of: factors, each with its levels, and which rows are worth a try."""

    @property
    def levels(self) -> Sequence[Sequence[Level]]:
        """The levels of each factor."""

    def silenced(self, row: Row) -> dict[int, int]:
        """Factors whose level means nothing in a row, each with the factor that has it so."""

    def starts(self, row: Row, fixed: dict[int, Level]) -> Iterator[Row]:
        """Rows with the `fixed` levels, as near to `row` as may be."""


class Pairs:
    """The pairs of levels of different factors that no row has shown yet.

    Parameters
    ----------
    factors : Factors
        The factors; a level is known by its number, through all of them.
    """

    def __init__(self, factors: Factors) -> None:
        self.factors = factors
        self.levels = [level for levels in factors.levels for level in levels]
        counts = [len(levels) for levels in factors.levels]
        self.owner = np.repeat(np.arange(len(counts)), counts)
        self.first = [0, *np.cumsum(counts)[:-1].tolist()]
        self.missing: Array = self.owner[:, None] != self.owner

    def numbers(self, row: Row) -> Array:
        """The number of each level of a row."""
        placed = zip(self.first, self.factors.levels, row, strict=True)
        return np.array([first + levels.index(level) for first, levels, level in placed])

    def strike(self, rows: Iterable[Row]) -> None:
        """Strike what some rows show."""
        for row in rows:
            numbers, silenced = self.numbers(row), self.factors.silenced(row)
            telling = [number for f, number in enumerate(numbers) if f not in silenced]
            self.missing[np.ix_(telling, telling)] = False
            for f, by in silenced.items():
                pair = numbers[[f, by]]
                self.missing[pair, pair[::-1]] = False

    def strike_unless(self, possible: Callable[[int, Level], bool]) -> None:
        """Strike every pair of a level of a factor that is not possible."""
        owned = zip(self.owner.tolist(), self.levels, strict=True)
        out = [not possible(f, level) for f, level in owned]
        self.missing[out] = self.missing[:, out] = False


def cover(pairs: Pairs, accepts: Accepts, bases: Sequence[Row]) -> list[Row]:
    """Rows that show the missing pairs, found by changes to the `bases`.

    The pairs that are missing afterwards are those for which no row was found.
    """
    rows: list[Row] = []
    given_up = np.zeros_like(pairs.missing)
    while (open_pairs := pairs.missing & ~given_up).any():
        i, j = divmod(int(open_pairs.argmax()), len(open_pairs))
        fixed = {int(pairs.owner[n]): pairs.levels[n] for n in (i, j)}
        row = _start(pairs, fixed, accepts, bases)
        if row is None:
            given_up[[i, j], [j, i]] = True
            continue
        rows.append(_enriched(pairs, fixed, accepts, row))
        pairs.strike(rows[-1:])
    return rows


def _start(
    pairs: Pairs, fixed: dict[int, Level], accepts: Accepts, bases: Sequence[Row]
) -> Row | None:
    """A row that shows a pair."""
    tried = (row for base in bases for row in pairs.factors.starts(base, fixed))
    return next((row for row in tried if _shows(pairs, row, fixed) and accepts(row)), None)


def _shows(pairs: Pairs, row: Row, fixed: dict[int, Level]) -> bool:
    """Whether a row shows what its two `fixed` levels do to each other."""
    silenced = pairs.factors.silenced(row)
    return all(silenced.get(f, f) in fixed for f in fixed)


def _enriched(pairs: Pairs, fixed: dict[int, Level], accepts: Accepts, row: Row) -> Row:
    """`row` with those other levels that show most of what is missing, one after the other."""
    numbers, owner = pairs.numbers(row), pairs.owner
    free = np.isin(owner, list(fixed), invert=True)
    while True:
        shown = pairs.missing[:, numbers].sum(axis=1)
        gain = np.where(free, shown - shown[numbers][owner], 0)
        best = int(gain.argmax())
        if gain[best] <= 0:
            return row
        tried = replaced(row, {int(owner[best]): pairs.levels[best]})
        free[best] = _shows(pairs, tried, fixed) and accepts(tried)
        if free[best]:
            row, numbers[owner[best]] = tried, best


def replaced(row: Row, levels: dict[int, Level]) -> Row:
    """`row` with other levels of some factors."""
    return tuple(levels.get(f, level) for f, level in enumerate(row))
