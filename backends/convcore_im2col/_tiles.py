"""How large the tiles are, and with that how much memory a call takes; integers only.

Nothing here depends on the number of threads, so that sums are split the same way everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from convcore.plugin import Operation

from ._folded import Folded

DEFAULT_WORKSPACE = 32 * 2**20
# The most that the columns of a tile should take. Up to 8 MiB stay in a cache, where one thread of
# OpenBLAS takes a seventh less (AMD EPYC, Zen 3, 2026-11-23); but several threads meet at every
# product, and each time the slowest, on a busy machine by a tick of its scheduler, delays them all.
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
    out_channels: int  # output channels of each group in one product
    lowered: bool  # else the input serves as its own column matrix

    def holds_all(self, folded: Folded) -> bool:
        """Whether one tile has every position of every sample, so that there is nothing to add."""
        return self.samples == folded.batch and self.positions == folded.positions

    def elements(self, folded: Folded, operation: Operation) -> dict[str, int]:
        """Elements of the buffers: columns, a panel of the output's tile, a product to be added.

        The panel holds the samples side by side, which the output itself does not.
        """
        width = self.groups * self.samples * self.positions
        product = self.groups * self.out_channels * folded.rows
        added = operation == "grad_weight" and not self.holds_all(folded)
        return {
            "columns": width * folded.rows if self.lowered else 0,
            "panel": width * folded.group_out_channels if self.samples > 1 else 0,
            "product": product if added else 0,
        }

    def bytes(self, folded: Folded, operation: Operation) -> int:
        """Memory of all the buffers."""
        return sum(self.elements(folded, operation).values()) * folded.dtype.itemsize


@dataclass(frozen=True)
class TapTile:
    """One tap of one sample: blocks of groups, channels and positions."""

    groups: int
    in_channels: int
    out_channels: int
    positions: int

    def elements(self) -> dict[str, int]:
        """Elements of the three matrices of a product: weight, columns, output."""
        sizes = {
            "weight": self.out_channels * self.in_channels,
            "columns": self.in_channels * self.positions,
            "panel": self.out_channels * self.positions,
        }
        return {name: self.groups * size for name, size in sizes.items()}

    def bytes(self, folded: Folded) -> int:
        """Memory of all the buffers, with one byte a position for whether it lies inside."""
        return sum(self.elements().values()) * folded.dtype.itemsize + self.positions


def column_tile(folded: Folded, operation: Operation, limit: int) -> ColumnTile | None:
    """The tile of `operation` in `limit` bytes, or None where that is too narrow for one."""
    if folded.pointwise and operation != "grad_weight":
        return ColumnTile(
            1, folded.groups, folded.positions, folded.group_out_channels, lowered=False
        )
    room = limit // folded.dtype.itemsize
    groups, out_channels = folded.groups, folded.group_out_channels
    if operation == "grad_weight":  # half of the room is for products (output channels, rows)
        room //= 2
        out_channels = min(out_channels, room // folded.rows)
        groups = min(groups, room // (out_channels * folded.rows)) if out_channels else 0
    if groups == 0:
        return None
    if folded.pointwise and (folded.positions >= WIDE or folded.batch == 1):
        return ColumnTile(1, groups, folded.positions, out_channels, lowered=False)
    return _lowered_tile(folded, room, groups, out_channels)


def _lowered_tile(folded: Folded, room: int, groups: int, out_channels: int) -> ColumnTile | None:
    """The tile whose columns and panel take `room` elements, of at most `groups` groups.

    It is as large as allowed, but wide enough for BLAS: first along the positions, then over
    samples until it is wide, over groups, and over samples again until the room is taken.
    """
    height = folded.rows + folded.group_out_channels
    large = min(room, LARGE // folded.dtype.itemsize)
    positions = min(folded.positions, max(large // height, WIDE), room // height)
    if positions < min(folded.positions, NARROW):
        return None
    if positions < folded.positions:
        return ColumnTile(1, 1, positions, out_channels, lowered=True)
    area = height * positions
    samples = _clamp(min(-(-WIDE // positions), room // area), folded.batch)
    groups = _clamp(large // (area * samples), groups)
    if groups == folded.groups:
        samples = max(samples, _clamp(large // (area * groups), folded.batch))
    return ColumnTile(samples, groups, positions, out_channels, lowered=True)


def tap_tile(folded: Folded, limit: int) -> TapTile:
    """The largest tile that fits into `limit` bytes, or of single elements if none does."""
    itemsize = folded.dtype.itemsize
    side = isqrt(limit // itemsize // 4)
    in_channels = _clamp(side, folded.group_in_channels)
    out_channels = _clamp(side, folded.group_out_channels)
    weight = out_channels * in_channels * itemsize
    column = (out_channels + in_channels) * itemsize + 1  # one byte for whether it lies inside
    positions = _clamp((min(limit, CACHED) - weight) // column, folded.positions)
    taken = (in_channels, out_channels, positions)
    whole = (folded.group_in_channels, folded.group_out_channels, folded.positions)
    fits = min(limit, CACHED) // (weight + column * positions)
    groups = _clamp(fits, folded.groups) if taken == whole else 1
    return TapTile(groups, in_channels, out_channels, positions)


def _clamp(value: int, most: int) -> int:
    """`value`, but at least 1 and at most `most`."""
    return max(1, min(value, most))
