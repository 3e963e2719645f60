"""The same array, laid out in memory in many ways."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from random import Random

import numpy as np

_GUARD = 0xA5


def fortran(array: np.ndarray, r: Random) -> np.ndarray:
    """In Fortran order."""
    return np.asfortranarray(array)


def strided(array: np.ndarray, r: Random) -> np.ndarray:
    """Every second or third element of a larger array, along one axis or all."""
    steps = [r.choice((1, 1, 2, 3)) for _ in array.shape]
    larger = np.full([n * s + 1 for n, s in zip(array.shape, steps, strict=True)], 77, array.dtype)
    places = (slice(0, n * s, s) for n, s in zip(array.shape, steps, strict=True))
    view = larger[tuple(places)]
    view[...] = array
    return view


def backwards(array: np.ndarray, r: Random) -> np.ndarray:
    """With negative strides."""
    axes = [axis for axis in range(array.ndim) if r.random() < 0.5] or [array.ndim - 1]
    return np.flip(np.ascontiguousarray(np.flip(array, axes)), axes)


def channels_last(array: np.ndarray, r: Random) -> np.ndarray:
    """With the second axis last in memory."""
    axis = min(1, array.ndim - 1)
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, axis, -1)), -1, axis)


def permuted(array: np.ndarray, r: Random) -> np.ndarray:
    """With the axes in any order in memory."""
    order = r.sample(range(array.ndim), array.ndim)
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))


def misaligned(array: np.ndarray, r: Random) -> np.ndarray:
    """At an odd address."""
    buffer = np.full(array.nbytes + 64, _GUARD, np.uint8)
    start = 1 + (-buffer.ctypes.data) % 16
    moved = buffer[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def swapped(array: np.ndarray, r: Random) -> np.ndarray:
    """In the other byte order."""
    if (
        array.dtype.kind == "V"
    ):  # a pickle of it would leave bfloat16 itself swapped (ml_dtypes 0.7)
        return array
    return array.astype(array.dtype.newbyteorder())


def read_only(array: np.ndarray, r: Random) -> np.ndarray:
    """Not writeable."""
    copy = array.copy()
    copy.setflags(write=False)
    return copy


def repeated(array: np.ndarray, r: Random) -> np.ndarray:
    """With a stride of zero, where all elements along the first axis are equal."""
    view = np.broadcast_to(array[:1].copy(), array.shape) if len(array) else array
    return view if view.tobytes() == array.tobytes() else array


def mapped(array: np.ndarray, r: Random) -> np.ndarray:
    """In a file."""
    if not array.size:
        return array
    with tempfile.TemporaryFile() as file:
        mapping = np.memmap(file, array.dtype, "w+", shape=array.shape)
    mapping[...] = array
    return mapping


Layout = Callable[[np.ndarray, Random], np.ndarray]
LAYOUTS: tuple[Layout, ...] = (
    fortran,
    strided,
    strided,
    backwards,
    channels_last,
    permuted,
    misaligned,
    swapped,
    read_only,
    repeated,
)


def laid_out(array: np.ndarray, r: Random) -> np.ndarray:
    """A copy of `array`, most often a plain one."""
    draw = r.random()
    if draw < 0.6:
        return array.copy()
    return (mapped if draw < 0.61 else r.choice(LAYOUTS))(array, r)


def guarded(shape: tuple[int, ...], dtype: np.dtype, r: Random) -> tuple[np.ndarray, np.ndarray]:
    """An `out` for a result, and the bytes around it, which have to stay what they are."""
    size = int(np.prod(shape)) * dtype.itemsize
    buffer = np.full(size + 256, _GUARD, np.uint8)
    start = 64 + (-buffer.ctypes.data) % 16 + 16 * r.randrange(4)
    out = buffer[start : start + size].view(dtype).reshape(shape)
    out.reshape(-1).view(np.uint8)[...] = 0x7F  # NaN, or large
    return out, buffer


def guards_intact(out: np.ndarray, buffer: np.ndarray) -> bool:
    """Whether nothing around `out` was written to."""
    start = out.ctypes.data - buffer.ctypes.data if out.size else 0
    ends = (buffer[:start], buffer[start + out.nbytes :])
    return all((end == _GUARD).all() for end in ends)
