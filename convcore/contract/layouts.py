"""Arrays in a caller's order of axes, seen in that of the library."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..problem import Layout
from .arrays import Array


def in_full(name: str, array: Array, layout: Layout) -> Array:
    """`array` with all axes that the library sees, in its order.

    A view, except where several leading axes lie in memory so that no single one can replace them.
    """
    shape, order, ones = _seen_as(layout, name, array.shape)
    array = array if type(array) is np.ndarray else np.asarray(array)
    ordered = (array if shape == array.shape else array.reshape(shape)).transpose(order)
    return ordered if None not in ones else ordered[ones]


@lru_cache(maxsize=1024)
def _seen_as(
    layout: Layout, name: str, shape: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[slice | None, ...]]:
    """How to reshape an array, to transpose it, and an index for axes that are not named."""
    axes = layout.collapsed
    order = tuple(axes.index(axis) for axis in layout.full if axis in axes)
    ones = tuple(slice(None) if axis in axes else None for axis in layout.full)
    return layout.collapsed_shape(name, shape), order, ones
