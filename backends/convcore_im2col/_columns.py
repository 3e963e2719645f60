"""The three operations by column matrices that hold every tap: im2col, one product, col2im.

With W of (output channels, rows), X the columns of the input and Y the output of a group,

    forward       Y  = W X
    grad_input    dX = W' dY,  and col2im adds dX to the elements that X was copied from
    grad_weight   dW = dY X',  summed over the tiles

where ' transposes. Columns lie side by side over the samples of a tile, (rows, samples, positions).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convcore.plugin import Array, Operation

from ._folded import Folded, blocks, take
from ._products import multiply
from ._tiles import ColumnTile


class Columns:
    """The tiles of one call, and their buffers."""

    def __init__(self, folded: Folded, tile: ColumnTile, operation: Operation) -> None:
        self._folded, self._tile = folded, tile
        sizes = tile.elements(folded, operation)
        self._buffers = {name: np.empty(size, folded.dtype) for name, size in sizes.items()}

    def forward(self, input: Array, weight: Array, output: Array) -> None:
        """Overwrite the output; all arrays as `Folded` folds them."""
        for tile in self._tiles():
            panel = self._panel(output, *tile)
            multiply(weight[tile[1]], self._lowered(input, *tile), out=panel)
            if self._tile.samples > 1:
                part = _part(output, *tile)
                part[...] = panel.reshape(part.shape)

    def grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        """Overwrite the gradient with respect to the input."""
        transposed = weight.transpose(0, 2, 1)
        if self._tile.lowered:
            grad_input.fill(0)
        for n, g, p in self._tiles():
            panel = self._filled_panel(grad_output, n, g, p)
            if not self._tile.lowered:
                multiply(transposed[g], panel, out=grad_input[n.start, g])
                continue
            columns = self._take("columns", self._folded.rows, n, g, p)
            multiply(transposed[g], panel, out=_matrix(columns))
            self._folded.col2im(_samples(grad_input, n, g), _by_sample(columns), p.start)

    def grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        """Overwrite the gradient with respect to the weight."""
        once = self._tile.holds_all(self._folded)
        if not once:
            grad_weight.fill(0)
        for n, g, p in self._tiles():
            columns = self._lowered(input, n, g, p).transpose(0, 2, 1)
            panel = self._filled_panel(grad_output, n, g, p)
            for k in blocks(self._folded.group_out_channels, self._tile.out_channels):
                sums = grad_weight[g, k]
                product = sums if once else take(self._buffers["product"], *sums.shape)
                multiply(panel[:, k], columns, out=product)
                if not once:
                    np.add(sums, product, out=sums)

    def _tiles(self) -> Iterator[tuple[slice, slice, slice]]:
        """Ranges of samples, groups and positions; positions change fastest."""
        folded, tile = self._folded, self._tile
        for n in blocks(folded.batch, tile.samples):
            for g in blocks(folded.groups, tile.groups):
                for p in blocks(folded.positions, tile.positions):
                    yield n, g, p

    def _take(self, name: str, height: int, n: slice, g: slice, p: slice) -> Array:
        """A buffer as (groups, height, samples, positions)."""
        return take(self._buffers[name], _size(g), height, _size(n), _size(p))

    def _lowered(self, input: Array, n: slice, g: slice, p: slice) -> Array:
        """Columns (groups, rows, width) of the input."""
        if not self._tile.lowered:
            return input[n.start, g]
        columns = self._take("columns", self._folded.rows, n, g, p)
        self._folded.im2col(_samples(input, n, g), _by_sample(columns), p.start)
        return _matrix(columns)

    def _panel(self, output: Array, n: slice, g: slice, p: slice) -> Array:
        """Where (groups, output channels, width) of the output are: in place, or in a buffer."""
        if self._tile.samples == 1:
            return output[n.start, g, :, p]
        return _matrix(self._take("panel", self._folded.group_out_channels, n, g, p))

    def _filled_panel(self, output: Array, n: slice, g: slice, p: slice) -> Array:
        """The elements of the output in their panel."""
        panel = self._panel(output, n, g, p)
        if self._tile.samples > 1:
            part = _part(output, n, g, p)
            panel.reshape(part.shape)[...] = part
        return panel


def _size(part: slice) -> int:
    return int(part.stop - part.start)


def _matrix(buffer: Array) -> Array:
    """(groups, height, samples, positions) as one matrix per group."""
    groups, height, samples, positions = buffer.shape
    return buffer.reshape(groups, height, samples * positions)


def _by_sample(columns: Array) -> Array:
    """(groups, rows, samples, positions) as (samples, groups * rows, positions)."""
    groups, rows, samples, positions = columns.shape
    return columns.reshape(groups * rows, samples, positions).transpose(1, 0, 2)


def _samples(input: Array, n: slice, g: slice) -> Array:
    """Some samples and groups of the input as (samples, groups * input channels, elements)."""
    part = input[n, g]
    return part.reshape(part.shape[0], -1, part.shape[3])


def _part(output: Array, n: slice, g: slice, p: slice) -> Array:
    """Some of the output in the order of a panel, (groups, output channels, samples, positions)."""
    return output[n, g, :, p].transpose(1, 2, 0, 3)
