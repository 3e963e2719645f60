"""Memory for the parts of arrays, in one piece that is used again: for each slab, and later."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import prod
from typing import Any, Self

import numpy as np

from ..contract import Array
from .orders import Copy, assign

# Bytes of a piece beyond which it is not kept, and pieces that are: new memory costs as much as
# what is computed in it, since the system clears it page by page.
MOST_KEPT, PIECES = 1 << 23, 4
# Elements that arrays of a workspace begin at multiples of, so that each begins a cache line.
LINE = 16


class Workspace:
    """Memory for the parts of operands and results: one piece, which is used again for each slab.

    As a context manager it leaves the memory to those who come later.

    Parameters
    ----------
    elements : int
        How many there are in all.
    dtype : numpy.dtype
        Of all arrays in it.
    copy : callable
        Overwrites its first argument with the second, an array of the same shape.
    """

    def __init__(self, elements: int, dtype: np.dtype[Any], copy: Copy = assign) -> None:
        size = elements * dtype.itemsize
        self._bytes = _taken(size)
        self._memory, self.used, self.copy = self._bytes[:size].view(dtype), 0, copy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bytes.nbytes <= MOST_KEPT:
            _kept.append(self._bytes)

    def array(self, shape: Sequence[int]) -> Array:
        """An array that nothing has been written to, behind those before it."""
        start, elements = self.used, prod(shape)
        self.used += in_lines(elements)
        return self._memory[start : start + elements].reshape(shape)


_kept: deque[Array] = deque(maxlen=PIECES)


def _taken(size: int) -> Array:
    """So many bytes, or more, that nobody else uses."""
    try:
        memory = _kept.pop()
    except IndexError:
        return np.empty(size, np.uint8)
    return memory if memory.nbytes >= size else np.empty(size, np.uint8)


def in_lines(elements: int) -> int:
    """Elements that an array takes of a workspace."""
    return -(-elements // LINE) * LINE
