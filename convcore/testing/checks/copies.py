"""Checks of the copies that a backend makes for the host: each is what NumPy's would be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise, product
from typing import Any

import numpy as np

from ...contract import HALF_NAMES, parse_dtype
from ...errors import DtypeError
from ...plugin import FLOAT_NAMES, Array, Convolution
from ..check import check
from ..failures import require

# Extents of the arrays (A, B, L): single elements, rows, what fills no vector, what fills several.
SHAPES = ((1, 1, 1), (2, 1, 70), (1, 131, 3), (3, 37, 66), (1, 150, 260))
THREADS = (1, 3)
# What arrays are framed with, which nobody may overwrite.
FRAME = 77


@check()
def copy_transposed(backend: type[Convolution]) -> None:
    """Matrices are transposed bit by bit, and nothing beside them is written."""
    for dtype in dict.fromkeys((*backend.declaration.dtypes, "float16", "complex128")):
        for shape, threads in _each():
            given = _Framed.of(_numbers(shape, np.dtype(dtype)))
            out = _Framed((shape[0], shape[2], shape[1]), np.dtype(dtype))
            backend.copy_transposed(given.inner, out.inner, threads=threads)
            what = f"copy_transposed of {shape}, {dtype}, threads={threads}"
            out.require(given.inner.transpose(0, 2, 1), what)
            given.require_unchanged(what)


@check()
def copy_converted(backend: type[Convolution]) -> None:
    """Elements are converted as NumPy does, in either order of the last two axes."""
    for source, target in _conversions():
        for shape, threads in _each():
            given = _Framed.of(_numbers(shape, source))
            with np.errstate(all="ignore"):
                wanted = given.inner.astype(target)
            what = f"copy_converted of {shape}, {source} to {target}, threads={threads}"
            for swapped in (False, True):
                order = (0, 2, 1) if swapped else (0, 1, 2)
                out = _Framed(tuple(shape[axis] for axis in order), target)
                view = out.inner.transpose(order)
                backend.copy_converted(given.inner, view, threads=threads)
                out.require(wanted.transpose(order), what + ", swapped" * swapped)
                given.require_unchanged(what)


@check()
def complex_copies(backend: type[Convolution]) -> None:
    """Complex numbers are taken apart and put together bit by bit."""
    for name, real in (("complex64", np.dtype("float32")), ("complex128", np.dtype("float64"))):
        for shape, threads in _each():
            given, out = _Framed.of(_numbers(shape, np.dtype(name))), _Framed(shape, np.dtype(name))
            parts = _Framed(shape, real), _Framed(shape, real)
            pair = parts[0].inner, parts[1].inner
            what = f"of {shape}, {name}, threads={threads}"
            backend.split_complex(given.inner, *pair, threads=threads)
            parts[0].require(given.inner.real, f"real part by split_complex {what}")
            parts[1].require(given.inner.imag, f"imaginary part by split_complex {what}")
            given.require_unchanged(f"split_complex {what}")
            backend.join_complex(*pair, out.inner, threads=threads)
            out.require(given.inner, f"join_complex {what}")


@check()
def border_copies(backend: type[Convolution]) -> None:
    """Rows and columns are copied bit by bit where a border wants them, and folded back."""
    for dtype in map(np.dtype, dict.fromkeys((*backend.declaration.dtypes, "complex64"))):
        for (tables, threads), value in product(product(_borders(), THREADS), (0, 3)):
            rows, columns = tables
            shape, size = (3, len(rows), len(columns)), (3, max(rows) + 1, max(columns) + 1)
            array, filled = _whole(size, dtype), np.full((), value, dtype)
            what = f"of {size} to {shape}, {dtype}, threads={threads}"
            out, placed = np.full(shape, FRAME, dtype), rows[:, None] < 0
            backend.copy_extended(array, out, rows, columns, filled, threads=threads)
            wanted = np.where(placed | (columns < 0), filled, array[:, rows][:, :, columns])
            require(np.array_equal(out, wanted), f"copy_extended {what}: must copy as it is told")
            gradient, folded = _whole(shape, dtype), np.full(size, FRAME, dtype)
            total = np.zeros(size, dtype)
            copying = rows >= 0, columns >= 0
            kept = gradient[:, copying[0]][:, :, copying[1]]
            place = np.ix_(np.arange(3), rows[copying[0]], columns[copying[1]])
            np.add.at(total, place, kept)
            backend.fold_extended(gradient.copy(), folded, rows, columns, threads=threads)
            require(np.array_equal(folded, total), f"fold_extended {what}: must add all up")


def _borders() -> Iterator[tuple[Array, Array]]:
    """Rows and columns: reflected, repeated, around, cropped, none at all, in one row."""
    own = np.arange(20)
    edges = [[2, 1, *own, 18, 17], [0, 0, *own, 19, 19, 19], [18, 19, *own, 0], [-1, *own, -1, -1]]
    tables = [np.array(edge, np.int64) for edge in (*edges, [0], own[3:-2], [-1, 4])]
    yield from pairwise([*tables, tables[0]])
    # What fills vectors, and what several threads are worth.
    yield np.array([1, *range(70), 68]), np.array([1, 0, 0, *range(150), 149])


def _whole(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Small whole numbers, whose sums are exact."""
    numbers: Array = np.random.default_rng(0).integers(0, 4, shape).astype(dtype)
    return numbers


class _Framed:
    """An array inside a larger one, whose last axis is contiguous."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._whole = np.full([extent + 2 for extent in shape], FRAME, dtype)
        self.inner, self._before = self._whole[1:-1, 1:-1, 1:-1], b""

    @classmethod
    def of(cls, array: Array) -> _Framed:
        """One that holds a copy."""
        framed = cls(array.shape, array.dtype)
        framed.inner[...] = array
        framed._before = framed._whole.tobytes()
        framed.inner.setflags(write=False)
        return framed

    def require(self, wanted: Array, what: str) -> None:
        """Fail unless this array holds `wanted`, NaN for NaN, and its frame is whole."""
        inner, bits = self.inner, f"V{self.inner.itemsize}"
        differ = np.ascontiguousarray(inner).view(bits) != np.ascontiguousarray(wanted).view(bits)
        if inner.dtype.kind not in "iu":
            differ &= ~(np.isnan(inner) & np.isnan(wanted))
        require(not differ.any(), f"{what}: {differ.sum()} elements differ")
        frame = self._whole.copy()
        frame[1:-1, 1:-1, 1:-1] = FRAME
        require((frame == FRAME).all(), f"{what}: must write to no element beside those of out")

    def require_unchanged(self, what: str) -> None:
        """Fail if anything was written to an operand."""
        require(self._whole.tobytes() == self._before, f"{what}: must not change the operand")


def _each() -> Iterator[tuple[tuple[int, ...], int]]:
    return ((shape, threads) for shape in SHAPES for threads in THREADS)


def _conversions() -> Iterator[tuple[np.dtype[Any], np.dtype[Any]]]:
    """What the host converts: narrow operands to what is summed in, and sums to halves."""
    wide = np.dtype("float32")
    for name in HALF_NAMES:
        with suppress(DtypeError):  # where there is no bfloat16
            yield from ((parse_dtype(name), wide), (wide, parse_dtype(name)))
    for name in ("uint8", "int8", "uint16", "int16", "int32"):
        yield np.dtype(name), wide
    yield from ((wide, np.dtype("float64")), (np.dtype("uint8"), np.dtype("int32")))


def _numbers(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Elements of all magnitudes: any bits there are, and what halves lie between."""
    rng = np.random.default_rng(len(shape))
    bits = rng.integers(0, 256, (*shape, dtype.itemsize), np.uint8)
    numbers: Array = bits.view(dtype)[..., 0]
    if str(dtype) in FLOAT_NAMES:
        ties = (rng.integers(1 << 10, 1 << 14, shape) + 0.5) * 2.0 ** rng.integers(-30, 8, shape)
        numbers[..., ::2] = ties[..., ::2]
    return numbers
