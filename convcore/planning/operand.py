"""What the operands of a slab are read from: arrays of any dtype and strides."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..contract import Array, is_half
from .orders import Copy, assign
from .slabs import Place
from .workspace import Workspace

WIDE = np.dtype("float32")


class Source(Protocol):
    """What an operand of a slab is read from."""

    def part(self, place: Place, space: Workspace | None = None) -> Array:
        """The elements at `place`, as a backend takes them; a copy of them in `space`."""


class Operand(NamedTuple):
    """An array (N, C, *S) of any dtype and strides, of which parts are converted.

    Parameters
    ----------
    array : ndarray
        Read only.
    dtype : numpy.dtype
        That of the problem, to which each element is rounded.
    conjugated : bool
        Whether to read complex conjugates.
    """

    array: Array
    dtype: np.dtype[Any]
    conjugated: bool = False

    def part(self, place: Place, space: Workspace | None = None) -> Array:
        """The elements at `place`; the array's own memory where nothing is to be converted."""
        part, summed = self.array[place], summed_in(self.dtype)
        if part.dtype == summed == self.dtype and part.flags.c_contiguous:
            part = np.ascontiguousarray(part)  # of a memmap, an ndarray
            return part.conj() if self.conjugated and part.dtype.kind == "c" else part
        whole = np.empty(part.shape, summed) if space is None else space.array(part.shape)
        self.copy_part(place, whole, assign if space is None else space.copy)
        return whole

    @property
    def own(self) -> Array | None:
        """The array, where every element is read as it stands."""
        read = self.array.dtype == self.dtype == summed_in(self.dtype)
        return self.array if read and not (self.conjugated and self.dtype.kind == "c") else None

    def seen(self, view: Callable[[Array], Array]) -> Operand:
        """The same of a view of the array."""
        return self._replace(array=view(self.array))

    def copy_part(self, place: Any, target: Array, copy: Copy = assign) -> None:
        """Write the elements at `place` to `target`, whose dtype is that of the sums."""
        part = self.array[place]
        if part.dtype != self.dtype != target.dtype:
            with np.errstate(all="ignore"):
                part = part.astype(self.dtype)
        copy(target, part)
        if self.conjugated and target.dtype.kind == "c":
            np.conj(target, out=target)


@lru_cache(maxsize=64)
def summed_in(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of sums whose results are to have `dtype`."""
    return WIDE if is_half(dtype) else dtype
