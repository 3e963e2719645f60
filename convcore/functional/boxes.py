"""A box of an extended input: what it copies of the input, and the adjoint of that."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..contract import Array
from ..planning import Operand, summed_in

Positions: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]
# Of one axis: a slice wherever it can be one.
Index: TypeAlias = slice | Positions


class Line(NamedTuple):
    """What a range of one axis copies of the input.

    Attributes
    ----------
    extent : int
        Its positions.
    filled : tuple of slice
        Those that a constant fills; all others copy.
    runs : list of (slice, slice)
        Runs of the others, and what they copy: as many elements in equal steps, or a single one.
    firsts, targets : slice or array of int
        Positions of which no two copy the same, and what they copy.
    others : list of (int, int)
        Every other position, and which of the first it copies the same as.
    """

    extent: int
    filled: tuple[slice, ...]
    runs: list[tuple[slice, slice]]
    firsts: Index
    targets: Index
    others: list[tuple[int, int]]

    @property
    def plain(self) -> bool:
        """Whether every position copies what no other does, in the order of the targets."""
        return isinstance(self.firsts, slice) and self.firsts == slice(0, self.extent, 1)

    @classmethod
    def of(cls, sources: Positions, own: range) -> Line:
        """That of positions which copy `sources`; those in `own` are the input's."""
        order = np.array([*own, *range(own.start), *range(own.stop, len(sources))], np.intp)
        targets, place = np.unique(sources[order], return_index=True)
        firsts = order[place]
        others = sorted(set(range(len(sources))) - set(firsts.tolist()))
        places = np.searchsorted(targets, sources[others]).tolist()
        pairs = list(zip(others, places, strict=True))
        runs = _runs(sources, 0)
        return cls(len(sources), (), runs, as_index(firsts), as_index(targets), pairs)

    @classmethod
    def constant(cls, sources: Positions, own: range, extent: int) -> Line:
        """That of positions which copy `sources` in `own`, and are filled elsewhere."""
        filled = slice(0, own.start), slice(own.stop, extent)
        copied, targets = slice(own.start, own.stop), as_index(sources)
        return cls(extent, filled, _runs(sources, own.start), copied, targets, [])


def _runs(sources: Positions, start: int) -> list[tuple[slice, slice]]:
    """Runs of positions from `start` on that copy `sources` in equal steps."""
    runs = []
    while len(sources):
        steps = np.diff(sources)
        count = len(sources)
        if (turns := np.flatnonzero(steps != steps[:1])).size:
            count = int(turns[0]) + 1
        one = steps[:1].tolist() == [0]
        index = as_index(sources[: 1 if one else count])
        assert isinstance(index, slice), "these are in equal steps"
        runs.append((slice(start, start + count), index))
        sources, start = sources[count:], start + count
    return runs


def as_index(positions: Positions) -> Index:
    """The positions as a slice, where they are in equal steps."""
    if len(positions) == 0:
        return slice(0, 0)
    first, last = int(positions[0]), int(positions[-1])
    step = int(positions[1]) - first if len(positions) > 1 else 1
    if step == 0 or (np.diff(positions) != step).any():
        return positions
    stop = last + (1 if step > 0 else -1)
    return slice(first, stop if stop >= 0 else None, step)


class Box:
    """A range of positions of each axis of an extended input.

    Parameters
    ----------
    lines : sequence of Line
        One for each spatial axis.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = list(enumerate(lines, start=2))
        self.extents = tuple(line.extent for line in lines)
        self._runs = list(product(*(line.runs for line in lines)))
        self._written = _place([line.targets for line in lines])
        # Whether it copies nothing of the input.
        self.constant = not self._runs

    def read(self, input: Operand, value: Any) -> Array:
        """What the extended input has here; `value` fills where a mode is constant."""
        block = np.empty((*input.array.shape[:2], *self.extents), summed_in(input.dtype))
        for runs in self._runs:
            place, sources = ((slice(None), slice(None), *each) for each in zip(*runs, strict=True))
            input.copy_part(sources, block[place])
        for axis, line in self._lines:
            for part in line.filled:
                block[(slice(None),) * axis + (part,)] = _constant(input, value)
        return block

    def fold(self, gradient: Array, out: Array) -> None:
        """Adjoint of `read`: add to `out` (N, C, *S) what `gradient` says of the input.

        `gradient` is overwritten.
        """
        if self.constant:
            return
        gradient = gradient.reshape(*out.shape[:2], *self.extents)
        with np.errstate(all="ignore"):  # as where the padding is zeros
            for axis, line in self._lines:
                if not line.plain:
                    gradient = _added_up(gradient, axis, line)
            out[self._written] += gradient


def _constant(input: Operand, value: Any) -> Any:
    """What the constant is read as."""
    constant = np.full((), value, input.dtype)
    return constant.conj() if input.conjugated else constant


def _added_up(gradient: Array, axis: int, line: Line) -> Array:
    """`gradient` where what copies the same is added up along an axis."""
    rows = np.moveaxis(gradient, axis, 0)
    total = rows[line.firsts]
    for position, place in line.others:
        total[place] += rows[position]
    return np.moveaxis(total, 0, axis)


def _place(indices: Sequence[Index]) -> tuple[Any, ...]:
    """What looks an index of each spatial axis up in an array (N, C, *S)."""
    whole = slice(None), slice(None)
    if sum(not isinstance(index, slice) for index in indices) < 2:
        return (*whole, *indices)
    return (*whole, *np.ix_(*map(_positions, indices)))


def _positions(index: Index) -> Positions:
    if not isinstance(index, slice):
        return index
    step = 1 if index.step is None else index.step
    return np.arange(index.start, -1 if index.stop is None else index.stop, step)
