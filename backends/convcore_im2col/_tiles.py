"""How large the tiles are, and with that how much memory a call takes; integers only.

Nothing here depends on the number of threads, so that sums are split the same way everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from convcore.plugin import Operation

from ._problem import Problem

DEFAULT_BOUND = 32 * 2**20
# The most that the columns of a tile should take. Up to 8 MiB stay in a cache, which one thread of
# OpenBLAS likes better by a seventh (AMD EPYC, Zen 3); but several threads meet at every product,
# and each time the slowest, on a busy machine by a tick of its scheduler, delays them all.
LARGE = 32 * 2**20
CACHED = 8 * 2**20  # the same for the careful path
# Columns from which on BLAS is near its full speed, and below which lowering is not worth it.
WIDE, NARROW = 256, 32


@dataclass(frozen=True)
class ColumnTile:
    """All rows of the column matrices of some samples and groups, over a range of positions."""

    samples: int
    groups: int
    positions: int
    filters: int  # output channels of each group in one product
    lowered: bool  # else the input serves as its own column matrix

    def elements(self, problem: Problem, operation: Operation) -> dict[str, int]:
        """Elements of the buffers: columns, a panel of the output's tile, a product to be added.

        The panel holds the samples side by side, which the output itself does not.
        """
        width = self.groups * self.samples * self.positions
        product = self.groups * self.filters * problem.rows
        return {
            "columns": width * problem.rows if self.lowered else 0,
            "panel": width * problem.filters if self.samples > 1 else 0,
            "product": product if operation == "grad_weight" else 0,
        }

    def bytes(self, problem: Problem, operation: Operation) -> int:
        """Memory of all the buffers."""
        return sum(self.elements(problem, operation).values()) * problem.dtype.itemsize


@dataclass(frozen=True)
class TapTile:
    """One tap of one sample: blocks of groups, channels, filters and positions."""

    groups: int
    channels: int
    filters: int
    positions: int

    def elements(self) -> dict[str, int]:
        """Elements of the three matrices of a product: weight, columns, output."""
        sizes = {
            "weight": self.filters * self.channels,
            "columns": self.channels * self.positions,
            "panel": self.filters * self.positions,
        }
        return {name: self.groups * size for name, size in sizes.items()}

    def bytes(self, problem: Problem) -> int:
        """Memory of all the buffers, with one byte a position for whether it lies inside."""
        return sum(self.elements().values()) * problem.dtype.itemsize + self.positions


def column_tile(problem: Problem, operation: Operation, bound: int) -> ColumnTile | None:
    """The tile of `operation` in `bound` bytes, or None where that is too narrow for one."""
    if problem.pointwise and operation != "grad_weight":
        return ColumnTile(1, problem.groups, problem.positions, problem.filters, lowered=False)
    room, filters, groups = bound // problem.dtype.itemsize, problem.filters, problem.groups
    if operation == "grad_weight":  # half of the room is for products (filters, rows)
        room //= 2
        filters = min(filters, room // problem.rows)
        groups = min(groups, room // (filters * problem.rows)) if filters else 0
    if groups == 0:
        return None
    if problem.pointwise and (problem.positions >= WIDE or problem.batch == 1):
        return ColumnTile(1, groups, problem.positions, filters, lowered=False)
    return _lowered_tile(problem, room, groups, filters)


def _lowered_tile(problem: Problem, room: int, groups: int, filters: int) -> ColumnTile | None:
    """The tile whose columns and panel take `room` elements, of at most `groups` groups.

    It is as large as allowed, but wide enough for BLAS: first along the positions, then over
    samples until it is wide, over groups, and over samples again until the room is taken.
    """
    height = problem.rows + problem.filters
    large = min(room, LARGE // problem.dtype.itemsize)
    positions = min(problem.positions, max(large // height, WIDE), room // height)
    if positions < min(problem.positions, NARROW):
        return None
    if positions < problem.positions:
        return ColumnTile(1, 1, positions, filters, lowered=True)
    area = height * positions
    samples = _clamp(min(-(-WIDE // positions), room // area), problem.batch)
    groups = _clamp(large // (area * samples), groups)
    if groups == problem.groups:
        samples = max(samples, _clamp(large // (area * groups), problem.batch))
    return ColumnTile(samples, groups, positions, filters, lowered=True)


def tap_tile(problem: Problem, bound: int) -> TapTile:
    """The largest tile that fits into `bound` bytes, or of single elements if none does."""
    itemsize = problem.dtype.itemsize
    side = isqrt(bound // itemsize // 4)
    channels, filters = _clamp(side, problem.channels), _clamp(side, problem.filters)
    room = min(bound, CACHED) - filters * channels * itemsize
    column = (filters + channels) * itemsize + 1  # one byte for whether it lies inside
    positions = _clamp(room // column, problem.positions)
    whole = (channels, filters, positions) == (problem.channels, problem.filters, problem.positions)
    per_group = filters * channels * itemsize + column * positions
    groups = _clamp(min(bound, CACHED) // per_group, problem.groups) if whole else 1
    return TapTile(groups, channels, filters, positions)


def _clamp(value: int, most: int) -> int:
    """`value`, but at least 1 and at most `most`."""
    return max(1, min(value, most))
