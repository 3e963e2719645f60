"""What is handed in: dask arrays, NumPy arrays, and arrays outside of memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any, TypeAlias

import dask.array as da
import numpy as np
from dask.base import tokenize

from ...errors import DtypeError, ShapeError
from ...plugin import Array
from .layer import Source
from .windows import bounds_of

Chunks: TypeAlias = tuple[tuple[int, ...], ...]


class Stored:
    """An array outside of memory, such as a zarr array, of which tasks read their own windows.

    A dask array hands its chunks round: each is read once, and stays in memory until its
    neighbours have been. Here every task reads what it needs, and some of that is read again by
    its neighbours; tasks need nothing from each other, so that memory is bounded by what
    `memory_per_task` says, however large the array is. Reading is cheap where the chunks on disk
    are much smaller than those here.

    Parameters
    ----------
    array : array-like
        Has `shape`, `dtype`, and parts of it where it is indexed with slices; can be pickled.
    chunks : int, tuple, dict or "auto"
        How it is cut into blocks, as in `dask.array.from_array`; see `suggest_chunks`.

    Examples
    --------
    >>> import numpy as np
    >>> from convcore.adapters.dask import Stored, conv
    >>> stored = Stored(np.arange(8.0).reshape(1, 1, 8), chunks=(1, 1, 4))
    >>> conv(stored, np.ones((1, 1, 3)), padding=1).compute()
    array([[[ 1.,  3.,  6.,  9., 12., 15., 18., 13.]]])
    """

    def __init__(self, array: Any, chunks: Any = "auto") -> None:
        self.array = array
        self.shape, self.dtype = tuple(array.shape), np.dtype(array.dtype)
        self.ndim = len(self.shape)
        self.chunks: Chunks = da.core.normalize_chunks(chunks, self.shape, dtype=self.dtype)
        # For each axis that is seen the axis of the array, or None where the extent is 1.
        self.axes: tuple[int | None, ...] = tuple(range(self.ndim))

    def __repr__(self) -> str:
        return f"Stored({self.array!r}, chunks={self.chunks})"

    def __dask_tokenize__(self) -> Any:
        return tokenize(self.array), self.chunks, self.axes

    def __getitem__(self, place: tuple[slice, ...]) -> Array:
        read = [slice(None)] * self.array.ndim
        for axis, part in zip(self.axes, place, strict=True):
            if axis is not None:
                read[axis] = part
        array = np.asarray(self.array[tuple(read)])
        present = [axis for axis in self.axes if axis is not None]
        ordered = array.transpose(present)
        return ordered[tuple(None if axis is None else slice(None) for axis in self.axes)]

    def reordered(self, axes: Sequence[int | None]) -> Stored:
        """The same array with its axes in another order; None stands for a new one."""
        new = Stored(self.array, self.chunks)
        new.axes = tuple(axes)
        new.shape = tuple(1 if axis is None else self.shape[axis] for axis in axes)
        new.chunks = tuple((1,) if axis is None else self.chunks[axis] for axis in axes)
        new.ndim = len(new.shape)
        return new


Operand: TypeAlias = da.Array | Stored


def operand(name: str, array: Any) -> Operand:
    """A dask array with known chunks, none of them empty, or an array outside of memory."""
    if isinstance(array, Stored):
        return array
    if not isinstance(array, da.Array):
        kind = f"{type(array).__module__}.{type(array).__name__}"
        raise DtypeError(
            f"{name}: must be a dask array; got {kind}; make one with dask.array.from_array, or "
            "read windows of it with Stored"
        )
    checked = _checked(name, array)
    chunks = tuple(tuple(c for c in axis if c) or (0,) for axis in checked.chunks)
    return checked if chunks == checked.chunks else checked.rechunk(chunks)


def small_operand(name: str, array: Any) -> da.Array:
    """A weight or a bias: a dask array, or a NumPy array in a single chunk."""
    if type(array) in (np.ndarray, np.memmap):
        array = da.from_array(np.asarray(array), chunks=-1)
    if not isinstance(array, da.Array):
        raise DtypeError(
            f"{name}: must be a numpy.ndarray or a dask array; got {type(array).__name__}"
        )
    return _checked(name, array)


def _checked(name: str, array: da.Array) -> da.Array:
    if type(array._meta) is not np.ndarray:
        raise DtypeError(f"{name}: must have chunks of NumPy; got {type(array._meta).__name__}")
    if any(isnan(chunk) for axis in array.chunks for chunk in axis):
        raise ShapeError(
            f"{name}: must have known chunks; got shape {array.shape}; call "
            f"{name}.compute_chunk_sizes() first"
        )
    return array


def source_of(array: Operand) -> Source:
    """Where the layer of a result finds an operand."""
    if isinstance(array, Stored):
        return Source(f"stored-{tokenize(array)}", array)
    return Source(array.name)


def read_chunks(array: Operand) -> Chunks:
    """How an operand is cut where it is: an array outside of memory is not."""
    if isinstance(array, Stored):
        return tuple((extent,) for extent in array.shape)
    chunks: Chunks = array.chunks
    return chunks


def bounds(chunks: Chunks) -> list[tuple[int, ...]]:
    """Bounds of chunks along every axis."""
    return [bounds_of(axis) for axis in chunks]
