"""Convolution as a product of matrices: im2col, BLAS, col2im.

*im2col* copies what each output looks at into a column, so that the convolution of one group
becomes weight (output channels, input channels * taps) times columns (input channels * taps,
positions), and BLAS does the arithmetic. The whole column matrix is as many times larger than the
input as there are taps. Here it never exists: tiles of it, of bounded size, are lowered, multiplied
and forgotten.

    _lowering.pyx        im2col and col2im of one tile, for every rank and dtype, without the GIL
    _lowering_numpy.py   the same in NumPy, for where there was no compiler
    _folded.py           a geometry folded into matrices: groups, rows, columns
    _tiles.py            how large the tiles are; the formula of the workspace
    _cost.py             how long a call should take
    _products.py         their products, by BLAS where it helps and cannot hang
    _columns.py          the usual path: tiles with every tap, straight into the output
    _taps.py             the careful path, tap by tap: memory is short, or values are not finite

A pointwise convolution is a product of its operands as they are. The careful path runs where the
columns' zeros would do harm: 0 times NaN or infinity is NaN, whereas padding contributes nothing.
The forward pass looks at the weight before, which is small; the gradient with respect to the
weight looks at its result after, since a NaN in a sum stays there. The gradient with respect to
the input makes products of real elements only, and drops those that belong to the padding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convcore.plugin import (
    FLOAT_NAMES,
    INTEGER_NAMES,
    Array,
    Convolution,
    Declaration,
    Geometry,
    Operation,
    derived,
)

from ._columns import Columns
from ._cost import seconds
from ._folded import COMPILED, Folded
from ._taps import Taps
from ._tiles import DEFAULT_WORKSPACE, column_tile, tap_tile

__all__ = ["Im2colConvolution"]


class Im2colConvolution(Convolution):
    """Column matrices in tiles, multiplied by the BLAS that NumPy was built with.

    Refuses nothing. The workspace stays under `max_workspace`, 32 MiB by default, however little
    that is. BLAS runs on its own threads, whatever `threads` says.
    """

    name = "im2col"
    declaration = Declaration(
        dtypes=FLOAT_NAMES + INTEGER_NAMES,
        deterministic="fixed_threads",
        description="im2col and BLAS, in tiles of bounded memory",
    )

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float:
        """Seconds: products at the speed of BLAS, operands read and written at that of memory."""
        return (
            0.0 if geometry.degenerate else seconds(geometry, np.dtype(dtype), operation, threads)
        )

    def workspace_bytes(self, operation: Operation) -> int:
        """Bytes of the arrays that one call allocates besides its result.

        At most `max_workspace`, unless that is less than single elements need. Python's own small
        objects, some KiB whatever the problem, are not counted.
        """
        if self.geometry.degenerate:
            return 0
        folded = self._folded
        tile = column_tile(folded, operation, self._limit)
        needs = [] if tile is None else [tile.bytes(folded, operation)]
        if tile is None or (folded.padded and operation != "grad_input"):
            needs.append(tap_tile(folded, self._limit).bytes(folded))
        return max(needs) + (0 if COMPILED else _numpy_bytes(folded))

    def describe(self, operation: Operation) -> str:
        """Which lowering is used, where it is not the compiled one."""
        return "" if COMPILED else "lowered by NumPy: convcore_im2col._lowering was not built"

    @derived
    def _folded(self) -> Folded:
        return Folded(self.geometry, self.dtype)

    @derived
    def _limit(self) -> int:
        """Bytes that the buffers may take."""
        return DEFAULT_WORKSPACE if self.max_workspace is None else self.max_workspace

    def _path(self, operation: Operation, *, careful: bool = False) -> Columns | Taps:
        """The tiles of one call; the careful path also where the usual one finds no room."""
        tile = None if careful else column_tile(self._folded, operation, self._limit)
        if tile is None:
            return Taps(self._folded, tap_tile(self._folded, self._limit))
        return Columns(self._folded, tile, operation)

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        folded = self._folded
        with np.errstate(all="ignore"):
            path = self._path("forward", careful=folded.padded and not _finite(weight))
            path.forward(folded.input(input), folded.weight(weight), folded.output(output))

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        folded = self._folded
        with np.errstate(all="ignore"):
            path = self._path("grad_input")
            path.grad_input(
                folded.output(grad_output), folded.weight(weight), folded.input(grad_input)
            )

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        folded = self._folded
        arrays = folded.output(grad_output), folded.input(input), folded.weight(grad_weight)
        with np.errstate(all="ignore"):
            self._path("grad_weight").grad_weight(*arrays)
            if folded.padded and not _finite(grad_weight):
                self._path("grad_weight", careful=True).grad_weight(*arrays)


def _numpy_bytes(folded: Folded) -> int:
    """What NumPy's lowering of one tap allocates: what it gathers, and where it reads that."""
    places = folded.positions * 8 * (3 * folded.geometry.spatial_rank + 4)
    gathered = folded.batch * folded.geometry.in_channels * folded.positions
    return places + 3 * gathered * folded.dtype.itemsize


def _finite(array: Array) -> bool:
    """Whether the sum is finite, and so all elements are; one that overflows costs only time."""
    return array.dtype.kind not in "fc" or bool(np.isfinite(array.sum()))
