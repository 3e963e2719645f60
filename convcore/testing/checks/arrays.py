"""Checks of what happens to arrays: operands, results, `out`, layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...plugin import Array, Geometry
from ..cases import Case
from ..catalogue import oracle
from ..catalogue.problems import ALONE, BRIEF
from ..check import check, every, floats, over
from ..failures import CheckFailure, require_close

SAMPLE = {
    name: ALONE[name]
    for name in (
        "1d+everything",
        "2d",
        "2d+pointwise",
        "2d+depthwise",
        "2d+everything",
        "3d+groups",
    )
}
# Elements of foreign memory on both sides of a guarded array; more than any vector or cache line.
GUARD = 67


def sentinel(dtype: Any) -> Any:
    """A value that no result holds by accident and that spoils every sum it enters."""
    dtype = np.dtype(dtype)
    return np.iinfo(dtype).max - 5 if dtype.kind in "iu" else dtype.type(np.nan)


def guarded(shape: tuple[int, ...], dtype: Any) -> tuple[Array, Array]:
    """An array inside a larger buffer, both full of sentinels."""
    size = int(np.prod(shape, dtype=np.int64))
    buffer = np.full(size + 2 * GUARD, sentinel(dtype), dtype)
    return buffer, buffer[GUARD : GUARD + size].reshape(shape)


@check(over(floats, rotate=BRIEF, later=ALONE))
def operands_unchanged(case: Case) -> None:
    """Operands are read only: their bytes are the same after the call."""
    pair = case.operands()
    before = [array.tobytes() for array in pair]
    case.call(*pair)
    for position, (array, was) in enumerate(zip(pair, before, strict=True), 1):
        if array.tobytes() != was:
            raise CheckFailure(f"operand {position}: must not be written to; its bytes changed")


@check(over(floats, rotate=BRIEF, later=ALONE))
def result_is_new(case: Case) -> None:
    """A result shares memory with no operand and with no other result, and then stays as it is."""
    pair = case.operands()
    result = case.call(*pair)
    kept = result.tobytes()
    later = case.call(*case.variant(seed=1).operands())
    for what, array in (("operand 1", pair[0]), ("operand 2", pair[1]), ("a later result", later)):
        if np.may_share_memory(result, array):
            raise CheckFailure(f"result: must be memory of its own; it overlaps {what}")
    if result.tobytes() != kept:
        raise CheckFailure("result: must stay as it is; a later call changed it")


@check(over(every, rotate=BRIEF, later=ALONE))
def result_type(case: Case) -> None:
    """A result is an exact ndarray of the right shape and dtype, C-contiguous and writeable."""
    result = case.call()
    if type(result) is not np.ndarray:
        raise CheckFailure(f"result: must be a numpy.ndarray; got {type(result).__name__}")
    shape = case.geometry.result_shape(case.operation)
    if (result.shape, result.dtype) != (shape, np.dtype(case.dtype)):
        got = f"shape {result.shape} and dtype {result.dtype}"
        raise CheckFailure(f"result: must have shape {shape} and dtype {case.dtype}; got {got}")
    if not result.flags.carray:
        raise CheckFailure("result: must be C-contiguous, aligned and writeable")


@check(over(floats, rotate=BRIEF, later=ALONE))
def out_overwritten(case: Case) -> None:
    """`out` is returned, and gets the same bits whatever was in it before."""
    want, shape = case.call(), case.geometry.result_shape(case.operation)
    for garbage in (np.nan, -np.inf, 1e30, 0.0):
        out = np.full(shape, garbage, case.dtype)
        if case.call(*case.operands(), out=out) is not out:
            raise CheckFailure("result: must be `out` itself where it is given")
        case.require_same(out, want, f"out full of {garbage}")


@check(over(floats, rotate=SAMPLE))
def operands_by_name(case: Case) -> None:
    """The names of the arguments are part of the interface; threads are the backend's choice."""
    names = {
        "forward": ("input", "weight"),
        "grad_input": ("grad_output", "weight"),
        "grad_weight": ("grad_output", "input"),
    }[case.operation]
    named = dict(zip(names, case.operands(), strict=True))
    case.require_right(case.variant(threads=None).call(**named))


@check(over(every, rotate=BRIEF, later=ALONE))
def out_guarded(case: Case) -> None:
    """Nothing is written beyond `out`, and nothing read beyond the operands."""
    buffer, out = guarded(case.geometry.result_shape(case.operation), case.dtype)
    inside = np.zeros(buffer.shape, bool)
    inside[GUARD : GUARD + out.size] = True
    before = buffer.copy()
    case.call(*map(between_guards, case.operands()), out=out)
    if buffer[~inside].tobytes() != before[~inside].tobytes():
        raise CheckFailure("out: memory beyond it was written to")
    require_close(out, case.want, case.tolerance, "result of guarded operands")


def between_guards(array: Array) -> Array:
    """A copy of an array with sentinels on both sides, which starts at no round address."""
    _, inner = guarded(array.shape, array.dtype)
    inner[...] = array
    return inner


def strided(array: Array) -> Array:
    """The same elements, each with a gap after it."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def misaligned(array: Array) -> Array:
    """The same elements at an address that fits no number."""
    raw = np.zeros(array.nbytes + 1, np.uint8)
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def read_only(array: Array) -> Array:
    """A copy that refuses to be written to."""
    frozen = array.copy()
    frozen.setflags(write=False)
    return frozen


def _odd_unit_strides(array: Array) -> Array:
    """The same elements with a stride beyond any memory wherever no step is ever taken."""
    strides = [
        step if extent > 1 else 1 << 40
        for extent, step in zip(array.shape, array.strides, strict=True)
    ]
    odd: Array = np.lib.stride_tricks.as_strided(array, strides=strides)
    return odd


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "Fortran order": np.asfortranarray,
    "negative strides": lambda array: np.flip(np.flip(array).copy()),
    "a step of two": strided,
    "a misaligned start": misaligned,
    "foreign byte order": lambda array: array.astype(array.dtype.newbyteorder()),
    "read-only memory": read_only,
    "zero strides": lambda array: np.broadcast_to(array[:1], array.shape),
    "odd strides along axes of extent 1": _odd_unit_strides,
}


@check(over(every, rotate=SAMPLE))
def operand_layouts(case: Case) -> None:
    """Strides, alignment, byte order and write protection of operands change nothing."""
    pair = case.operands()
    for layout, arrange in LAYOUTS.items():
        for arranged in ((arrange(pair[0]), pair[1]), (pair[0], arrange(pair[1]))):
            got, want, tolerance = case.call(*arranged), case.want, case.tolerance
            if not all(map(np.array_equal, arranged, pair)):
                plain = [np.array(array, case.dtype, order="C") for array in arranged]
                want = oracle.convolve(case.geometry, case.operation, *plain)
                tolerance = case.slack((plain[0], plain[1]))
            require_close(got, want, tolerance, f"result of an operand in {layout}")


@check(over(every, [Geometry.of((2, 2, 3), (2, 2, 3), padding=1)]))
def same_array_twice(case: Case) -> None:
    """One array can be both operands."""
    array, _ = case.operands()
    want = case.call(array.copy(), array.copy())
    require_close(case.call(array, array), want, 2 * case.tolerance, "result of one array twice")
