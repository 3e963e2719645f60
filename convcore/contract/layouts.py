"""Arrays in a caller's order of axes, seen in that of the library."""

from __future__ import annotations

import numpy as np

from ..problem import Layout
from .arrays import Array


def in_full(name: str, array: Array, layout: Layout) -> Array:
    """`array` with all axes that the library sees, in its order.

    A view, except where several leading axes lie in memory so that no single one can replace them.
    """
    collapsed = np.asarray(array).reshape(layout.collapsed_shape(name, array.shape))
    axes = layout.collapsed
    ordered = collapsed.transpose([axes.index(axis) for axis in layout.full if axis in axes])
    return ordered[tuple(slice(None) if axis in axes else None for axis in layout.full)]
