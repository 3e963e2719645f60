"""The three operations one tap at a time: slower, but exact and in as little memory as wanted.

Each tap is a pointwise convolution of its own. Since a position is known to lie inside the input
or not, what comes from the padding is left out instead of being multiplied by zero. That matters
where the other factor is NaN or infinite, whose product with an implicit zero would be NaN. The
three matrices of a product are small blocks, so that any limit on the memory can be kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convcore.plugin import Array

from ._folded import Folded, blocks, take
from ._products import matmul
from ._tiles import TapTile


class Taps:
    """The tiles of one call, and their buffers."""

    def __init__(self, folded: Folded, tile: TapTile) -> None:
        self._folded, self._tile = folded, tile
        sizes = tile.elements()
        self._weight, self._columns, self._panel = (
            np.empty(sizes[name], folded.dtype) for name in ("weight", "columns", "panel")
        )
        self._inside = np.empty(tile.positions, np.bool_)

    def forward(self, input: Array, weight: Array, output: Array) -> None:
        """Overwrite the output; all arrays as `Folded` folds them."""
        output.fill(0)
        for n, g, p, tap, outside in self._tiles():
            for c in self._in_channels():
                columns = self._lowered(input[n, g, c], p, tap)
                for k in self._out_channels():
                    sums = output[n, g, k, p]
                    product = take(self._panel, *sums.shape)
                    matmul(self._at_tap(weight[g, k], c, tap), columns, product)
                    np.copyto(product, 0, where=outside)
                    _add_rows(sums, product)

    def grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        """Overwrite the gradient with respect to the input."""
        grad_input.fill(0)
        for n, g, p, tap, outside in self._tiles():
            for c in self._in_channels():
                sums = grad_input[n, g, c]
                columns = take(self._columns, *sums.shape[:2], len(outside))
                for k in self._out_channels():
                    matrix = self._at_tap(weight[g, k], c, tap).transpose(0, 2, 1)
                    matmul(matrix, grad_output[n, g, k, p], columns)
                    self._folded.col2im(sums, columns, p.start, tap)

    def grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        """Overwrite the gradient with respect to the weight."""
        grad_weight.fill(0)
        for n, g, p, tap, outside in self._tiles():
            for c in self._in_channels():
                columns = self._lowered(input[n, g, c], p, tap).transpose(0, 2, 1)
                for k in self._out_channels():
                    sums = self._tap_of(grad_weight[g, k], c, tap)
                    product = take(self._weight, *sums.shape)
                    panel = take(self._panel, *grad_output[n, g, k, p].shape)
                    panel[...] = grad_output[n, g, k, p]
                    np.copyto(panel, 0, where=outside)
                    matmul(panel, columns, product)
                    _add_rows(sums, product)

    def _tiles(self) -> Iterator[tuple[int, slice, slice, int, Array]]:
        """Sample, groups, positions, tap, and a mask of those positions that read no input."""
        folded, tile = self._folded, self._tile
        for n in range(folded.batch):
            for g in blocks(folded.groups, tile.groups):
                for p in blocks(folded.positions, tile.positions):
                    for tap in range(folded.taps):
                        inside = take(self._inside, p.stop - p.start)
                        folded.find_inside(inside, p.start, tap)
                        if inside.any():
                            yield n, g, p, tap, np.logical_not(inside, out=inside)

    def _in_channels(self) -> Iterator[slice]:
        return blocks(self._folded.group_in_channels, self._tile.in_channels)

    def _out_channels(self) -> Iterator[slice]:
        return blocks(self._folded.group_out_channels, self._tile.out_channels)

    def _lowered(self, input: Array, p: slice, tap: int) -> Array:
        """One tap of the column matrices of (groups, input channels, elements)."""
        columns = take(self._columns, *input.shape[:2], p.stop - p.start)
        self._folded.im2col(input, columns, p.start, tap)
        return columns

    def _tap_of(self, weight: Array, c: slice, tap: int) -> Array:
        """One tap of a weight as a view of (groups, output channels, input channels)."""
        return weight.reshape(*weight.shape[:2], self._folded.group_in_channels, -1)[:, :, c, tap]

    def _at_tap(self, weight: Array, c: slice, tap: int) -> Array:
        """A contiguous copy of one tap, which BLAS can take."""
        view = self._tap_of(weight, c, tap)
        matrix = take(self._weight, *view.shape)
        matrix[...] = view
        return matrix


def _add_rows(sums: Array, product: Array) -> None:
    """Add a product row by row; for all rows at once NumPy would allocate buffers of its own."""
    for matrix, more in zip(sums, product, strict=True):
        for row, addend in zip(matrix, more, strict=True):
            np.add(row, addend, out=row)
