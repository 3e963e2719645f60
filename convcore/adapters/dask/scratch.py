"""Memory for windows that a thread uses again from task to task."""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np

from ...plugin import Array


class Scratch:
    """Uninitialised arrays: one for each operand and thread, valid until the next is asked for.

    To give memory back after every task and to have it again costs more than to fill it: it comes
    in pages, each of which is cleared first. What is kept goes when this does, which is part of a
    recipe, and so of the graph.
    """

    def __init__(self) -> None:
        self._local = threading.local()

    def __reduce__(self) -> tuple[Any, ...]:
        return Scratch, ()

    def empty(self, operand: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """An array for the window of an operand."""
        kept: dict[Any, Array] = vars(self._local)
        size = prod(shape) * dtype.itemsize
        if operand not in kept or kept[operand].nbytes < size:
            kept[operand] = np.empty(size, np.uint8)
        array: Array = kept[operand][:size].view(dtype).reshape(shape)
        return array
