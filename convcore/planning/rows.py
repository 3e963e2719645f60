"""Pointwise layers whose channels come last: matrix products, run as problems of other roles.

Where channels stand last in memory an image is a matrix with a row for each position. A product of
such rows with a weight is itself a pointwise problem: its output channels are the positions, and
its positions are the output channels. No image is copied for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from ..contract import Array
from ..problem import Geometry, Operation
from .orders import Copy, assign

# Which operation of the other problem stands for one of this.
_BY: Mapping[Operation, Operation] = {
    "forward": "forward",
    "grad_input": "forward",
    "grad_weight": "grad_input",
}


class Product(NamedTuple):
    """A problem with one spatial axis and one tap, its operands, and where its result goes."""

    geometry: Geometry
    operation: Operation
    first: Array
    second: Array
    out: Array

    @classmethod
    def of(cls, operation: Operation, left: Array, right: Array, out: Array) -> Product:
        """`out` = `left` `right` by "forward", or `left` transposed times `right` by "grad_input".

        `left` has a row for each output channel, `right` and `out` an element for each position.
        """
        problem = _problem(len(left), left.shape[1], out.shape[1])
        return cls(problem, operation, right[None], left[:, :, None], out[None])


def product_of_rows(
    geometry: Geometry,
    operation: Operation,
    first: Array,
    second: Array,
    out: Array,
    copy: Copy = assign,
) -> Product | None:
    """What stands for `operation` of arrays (N, C, *S) whose channels come last, if anything.

    `copy` may have to bring a weight into another order.
    """
    if not is_pointwise(geometry):
        return None
    if operation == "grad_weight":
        return _gradient(rows_of(first), rows_of(second), _matrix(out))
    rows, results, weight = rows_of(first), rows_of(out), _matrix(second)
    if rows is None or results is None:
        return None
    right = weight.T if operation == "forward" else weight
    if not right.flags.c_contiguous:
        if right.size > rows.size + results.size:
            return None
        strided, right = right, np.empty(right.shape, right.dtype)
        copy(right, strided)
    return Product.of(_BY[operation], rows, right, results)


def problems_of_rows(
    geometry: Geometry, operation: Operation
) -> Iterator[tuple[Geometry, Operation]]:
    """What can stand for `operation`."""
    if is_pointwise(geometry):
        positions = geometry.batch * prod(geometry.input_extents)
        inputs, outputs = geometry.in_channels, geometry.out_channels
        if operation != "forward":
            yield _problem(positions, outputs, inputs), _BY[operation]
        if operation != "grad_input":
            yield _problem(positions, inputs, outputs), _BY[operation]


def rows_of(array: Array) -> Array | None:
    """(N, C, *S) as (positions, C), where its channels come last in memory."""
    last = np.moveaxis(array, 1, -1)
    return last.reshape(-1, last.shape[-1]) if last.flags.c_contiguous else None


@lru_cache(maxsize=256)  # making one takes as long as many a product
def _problem(rows: int, channels: int, positions: int) -> Geometry:
    return Geometry.of((1, channels, positions), (rows, channels, 1))


def _gradient(left: Array | None, right: Array | None, out: Array) -> Product | None:
    """The gradient (K, C) of a weight from rows of K and of C channels, the longer ones last."""
    if left is None or right is None:
        return None
    rows = left.size + right.size
    if left.shape[1] > right.shape[1]:
        left, right, out = right, left, out.T
    if not out.flags.c_contiguous and out.size > rows:
        left, right, out = right, left, out.T
    return Product.of(_BY["grad_weight"], left, right, out)


def is_pointwise(geometry: Geometry) -> bool:
    """Whether every position is one by itself, and all channels meet."""
    steps = {*geometry.kernel_extents, *geometry.stride, geometry.groups}
    full = 0 not in (*geometry.input_shape, geometry.out_channels)
    return full and steps == {1} and not any(map(any, geometry.padding))


def _matrix(weight: Array) -> Array:
    """(K, C, 1, ...) as (K, C)."""
    return weight.reshape(weight.shape[:2])
