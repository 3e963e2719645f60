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
    order, ones = _order(layout)
    collapsed = np.asarray(array).reshape(layout.collapsed_shape(name, array.shape))
    return collapsed.transpose(order)[ones]


@lru_cache(maxsize=256)
def _order(layout: Layout) -> tuple[tuple[int, ...], tuple[slice | None, ...]]:
    """How to transpose the axes that a layout names, and an index that puts the others in."""
    axes = layout.collapsed
    order = tuple(axes.index(axis) for axis in layout.full if axis in axes)
    return order, tuple(slice(None) if axis in axes else None for axis in layout.full)
