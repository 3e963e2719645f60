"""Checks of what is turned away: operands and `out` arrays that do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...errors import DtypeError, ShapeError
from ...plugin import Array, Geometry
from ..cases import Case
from ..check import check, floats, over
from ..failures import CheckFailure, expected
from .arrays import SAMPLE, misaligned, read_only, strided

# Dtypes as wide as a floating-point one, whose bits could be misread as numbers of that.
_FOREIGN = [np.dtype(kind) for kind in (np.int32, np.int64, np.longdouble, "V16")]


def foreign(array: Array) -> Array:
    """The bits of `array` as numbers of another dtype of the same size."""
    same_size = (dtype for dtype in _FOREIGN if dtype.itemsize == array.itemsize)
    return array.view(next(same_size))


@check(over(floats, rotate=SAMPLE))
def bad_operands_refused(case: Case) -> None:
    """Operands of another type, dtype or shape raise before anything is computed."""
    good = case.operands()
    for position in (0, 1):
        for what, error, spoil in _SPOILED:
            pair = list(good)
            pair[position] = spoil(good[position])
            with expected(error, f"{case.operation} with operand {position + 1} {what}"):
                case.call(*pair)
    case.require_right(case.call(*good))


_SPOILED: tuple[tuple[str, type[Exception], Callable[[Array], Any]], ...] = (
    ("as a list", DtypeError, lambda array: array.tolist()),
    ("None", DtypeError, lambda array: None),
    ("masked", DtypeError, np.ma.masked_array),
    ("of dtype float16", DtypeError, lambda array: np.ones(array.shape, np.float16)),
    ("of dtype bool", DtypeError, lambda array: array != 0),
    ("of dtype object", DtypeError, lambda array: array.astype(object)),
    ("of a foreign dtype of the same size", DtypeError, foreign),
    ("with one axis too many", ShapeError, lambda array: array[None]),
    ("with an axis missing", ShapeError, lambda array: array[0]),
    ("with one element more", ShapeError, lambda array: np.repeat(array, 2, axis=-1)),
    ("with one channel more", ShapeError, lambda array: np.concatenate([array, array[:, :1]], 1)),
    ("with one sample more", ShapeError, lambda array: np.concatenate([array, array[:1]])),
)


# Both operands and the result have one shape, in all three operations.
EQUAL_SHAPES = Geometry.of((2, 2, 3), (2, 2, 3), padding=1)


@check(over(floats, rotate=SAMPLE, turns=[EQUAL_SHAPES]))
def bad_out_refused(case: Case) -> None:
    """An `out` that does not fit, or that overlaps an operand, raises and is not written to."""
    for what, error, out, pair in _bad_outs(case):
        before = out.tobytes() if isinstance(out, np.ndarray) else None
        with expected(error, f"{case.operation} with out {what}"):
            case.call(*pair, out=out)
        if before is not None and out.tobytes() != before:
            raise CheckFailure(f"out {what}: must not be written to where it is refused")


def _bad_outs(case: Case) -> Iterator[tuple[str, type[Exception], Any, tuple[Array, Array]]]:
    shape, pair = case.geometry.result_shape(case.operation), case.operands()
    good = np.zeros(shape, case.dtype)
    yield "as a list", DtypeError, good.tolist(), pair
    yield "of dtype float16", DtypeError, good.real.astype(np.float16), pair
    yield "of a foreign dtype of the same size", DtypeError, foreign(good), pair
    yield "of foreign byte order", DtypeError, good.astype(good.dtype.newbyteorder()), pair
    yield "with one axis too many", ShapeError, good[None], pair
    yield "with one element more", ShapeError, np.repeat(good, 2, axis=-1), pair
    yield "that is read-only", ShapeError, read_only(good), pair
    yield "with a step of two", ShapeError, strided(good), pair
    yield "with a misaligned start", ShapeError, misaligned(good), pair
    for position in (0, 1):
        out, overlapping = _overlapping(case, pair, position)
        yield f"that overlaps operand {position + 1}", ShapeError, out, overlapping
        if pair[position].shape == shape:
            yield f"that is operand {position + 1}", ShapeError, pair[position], pair


def _overlapping(
    case: Case, pair: tuple[Array, Array], position: int
) -> tuple[Array, tuple[Array, Array]]:
    """An `out` whose memory begins with the last element of an operand."""
    shapes = case.geometry.operand_shapes(case.operation)
    size = int(np.prod(shapes[position]))
    result_shape = case.geometry.result_shape(case.operation)
    buffer = np.zeros(size + int(np.prod(result_shape)), case.dtype)
    operand = buffer[:size].reshape(shapes[position])
    operand[...] = pair[position]
    out = buffer[size - 1 : -1].reshape(result_shape)
    return out, (operand, pair[1]) if position == 0 else (pair[0], operand)
