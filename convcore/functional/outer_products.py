"""The outer product of one vector for each axis that is near an array."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from ..contract import Array

Factors = tuple[Array, ...]

# Rounds of projections, for three and more axes: with two the first one is the best.
ROUNDS = 8


def factors_of(array: Array, rounding: float) -> Factors:
    """The lines through the largest element, or the nearest factors where those are not it."""
    lines = _lines(array)
    return lines if relative_error(array, lines) <= rounding else _nearest(array)


def relative_error(array: Array, factors: Factors) -> float:
    """How far the product of the factors is from an array, in Euclidean norms."""
    norm = np.linalg.norm(array)
    return float(np.linalg.norm(array - reduce(np.multiply.outer, factors)) / norm) if norm else 0.0


def _lines(array: Array) -> Factors:
    """All but the first are divided by the largest element, which they share."""
    peak = tuple(map(int, np.unravel_index(np.abs(array).argmax(), array.shape)))
    first, *others = (
        np.moveaxis(array, axis, -1)[peak[:axis] + peak[axis + 1 :]] for axis in range(array.ndim)
    )
    largest = array[peak] or 1
    return (first, *(line / largest for line in others))


def _nearest(array: Array) -> Factors:
    """The first carries the norm of the product, the others have the norm 1."""
    unfolded = [np.moveaxis(array, axis, 0).reshape(n, -1) for axis, n in enumerate(array.shape)]
    units = [np.linalg.svd(matrix, full_matrices=False)[0][:, 0] for matrix in unfolded]
    for _ in range(ROUNDS if array.ndim > 2 else 1):
        for axis in reversed(range(array.ndim)):
            line = _projected(array, units, axis)
            units[axis] = line / (np.linalg.norm(line) or 1)
    return (line, *units[1:])


def _projected(array: Array, units: Sequence[Array], axis: int) -> Array:
    """The part of `array` that lies along the unit vectors of all other axes."""
    for other in reversed(range(array.ndim)):
        if other != axis:
            array = np.tensordot(array, units[other].conj(), (other, 0))
    return array
