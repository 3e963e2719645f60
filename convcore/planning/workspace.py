"""Memory for the parts of complex arrays, in one piece that is used again for each slab."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..contract import Array

# Elements that arrays of a workspace begin at multiples of, so that each begins a cache line.
LINE = 16


class Workspace:
    """Memory for the parts of operands and results: one piece, which is used again for each slab.

    Parameters
    ----------
    elements : int
        How many there are in all.
    dtype : numpy.dtype
        Of all arrays in it.
    """

    def __init__(self, elements: int, dtype: np.dtype[Any]) -> None:
        self._memory, self.used = np.empty(elements, dtype), 0

    def array(self, shape: Sequence[int]) -> Array:
        """An array that nothing has been written to, behind those before it."""
        start, elements = self.used, prod(shape)
        self.used += in_lines(elements)
        return self._memory[start : start + elements].reshape(shape)


def in_lines(elements: int) -> int:
    """Elements that an array takes of a workspace."""
    return -(-elements // LINE) * LINE
