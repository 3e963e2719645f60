"""One convolution in the words of matrices: groups, rows, columns, and how they are filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any, TypeAlias

import numpy as np

from convcore.plugin import Array, Geometry

from . import _lowering_numpy

try:
    import convcore_im2col._lowering as _lowering
except ImportError:  # there was no compiler
    COMPILED = False
else:
    COMPILED = True

Lowering: TypeAlias = Callable[[Array, Array, Array, int, int], None]
C_TYPES = {
    "float32": "float",
    "float64": "double",
    "complex64": "float complex",
    "complex128": "double complex",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
}


class Folded:
    """A geometry with all spatial axes, and all taps, folded into one.

    Each group computes Y = W X with W of (output channels, rows), columns X of (rows, positions)
    and Y of (output channels, positions). A row stands for one input channel and one tap.
    """

    def __init__(self, geometry: Geometry, dtype: np.dtype[Any]) -> None:
        self.geometry = geometry
        self.batch, self.groups = geometry.batch, geometry.groups
        self.group_in_channels = geometry.group_in_channels
        self.group_out_channels = geometry.group_out_channels
        self.taps = prod(geometry.kernel_extents)
        self.rows = self.group_in_channels * self.taps
        self.positions = prod(geometry.output_extents)
        self.pointwise = is_pointwise(geometry)
        self.padded = reads_padding(geometry)
        self.dtype = unsigned(dtype)
        self._im2col, self._col2im = lowering(self.dtype)
        self._axes = axis_table(geometry)
        # The columns of one plane in which every position is the same element.
        self._constant_axes = self._axes.copy()
        self._constant_axes[:, -2] = 0

    def input(self, array: Array) -> Array:
        """`array` of (N, C, *S) as (batch, groups, input channels, elements)."""
        return array.view(self.dtype).reshape(self.batch, self.groups, self.group_in_channels, -1)

    def weight(self, array: Array) -> Array:
        """`array` of (K, C / G, *R) as (groups, output channels, rows)."""
        return array.view(self.dtype).reshape(self.groups, self.group_out_channels, self.rows)

    def output(self, array: Array) -> Array:
        """`array` of (N, K, *O) as (batch, groups, output channels, positions)."""
        return array.view(self.dtype).reshape(self.batch, self.groups, self.group_out_channels, -1)

    def im2col(self, input: Array, columns: Array, begin: int, first_tap: int = 0) -> None:
        """Fill `columns` (samples, channels * taps, positions) from (samples, channels, elements).

        The positions start at `begin`; the taps start at `first_tap`, and are as many as fit.
        """
        self._im2col(input, columns, self._axes, begin, first_tap)

    def col2im(self, input: Array, columns: Array, begin: int, first_tap: int = 0) -> None:
        """Add `columns` to the elements of `input` that `im2col` would read."""
        self._col2im(input, columns, self._axes, begin, first_tap)

    def find_inside(self, inside: Array, begin: int, tap: int) -> None:
        """Set the bool array `inside` (positions,) where the tap reads an element of the input."""
        element = np.ones((1, 1, 1), np.uint8)
        columns = inside.view(np.uint8)[None, None]
        lowering(element.dtype)[0](element, columns, self._constant_axes, begin, tap)


def lowering(dtype: np.dtype[Any]) -> tuple[Lowering, Lowering]:
    """The functions im2col and col2im for a dtype."""
    if not COMPILED:
        return _lowering_numpy.im2col, _lowering_numpy.col2im
    c_type = C_TYPES[dtype.name]
    return _lowering.im2col[c_type], _lowering.col2im[c_type]


def unsigned(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype computed in: an integer's unsigned twin, in which C defines overflow."""
    return np.dtype(f"u{dtype.itemsize}") if dtype.kind == "i" else dtype


def axis_table(geometry: Geometry) -> Array:
    """One struct Axis of `_lowering` per spatial axis: extents, steps, pitches.

    A stride with one output and a dilation with one tap are never multiplied by anything but 0.
    They become 1, so that no position can overflow, however large they are.
    """
    inputs, taps, outputs = geometry.input_extents, geometry.kernel_extents, geometry.output_extents
    stride = [s if o > 1 else 1 for s, o in zip(geometry.stride, outputs, strict=True)]
    dilation = [d if r > 1 else 1 for d, r in zip(geometry.dilation, taps, strict=True)]
    before = [pair[0] for pair in geometry.padding]
    columns = (inputs, taps, outputs, stride, dilation, before, pitches(inputs), pitches(outputs))
    return np.array(columns, np.int64).T.copy()


def pitches(extents: tuple[int, ...]) -> list[int]:
    """Elements between neighbours along each axis of a C-contiguous array."""
    return list(accumulate(extents[:0:-1], mul, initial=1))[::-1]


def reads_padding(geometry: Geometry) -> bool:
    """Whether some tap of some output reads outside the input."""
    axes = zip(geometry.output_extents, geometry.stride, geometry.receptive_field, strict=True)
    reached = [(o - 1) * s + field for o, s, field in axes]
    sides = zip(geometry.padding, reached, geometry.input_extents, strict=True)
    return any(pair[0] > 0 or span - pair[0] > extent for pair, span, extent in sides)


def is_pointwise(geometry: Geometry) -> bool:
    """Whether the input is its own column matrix: one tap, stride 1, nothing padded or cropped."""
    return (
        prod(geometry.kernel_extents) == 1
        and geometry.output_extents == geometry.input_extents
        and not reads_padding(geometry)
    )


def blocks(total: int, size: int) -> Iterator[slice]:
    """Consecutive slices that cover `total`, of at most `size` and nearly the same extent."""
    count = -(-total // size)
    even = -(-total // count)
    return (slice(begin, min(begin + even, total)) for begin in range(0, total, even))


def take(buffer: Array, *shape: int) -> Array:
    """The start of a flat buffer, seen as an array of this shape."""
    return buffer[: prod(shape)].reshape(shape)
