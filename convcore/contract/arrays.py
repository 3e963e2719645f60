"""Which arrays are taken: the checks that every operand and every `out` pass once."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from ..errors import DtypeError, ShapeError

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

FLOAT_NAMES = ("float32", "float64", "complex64", "complex128")
INTEGER_NAMES = tuple(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))
# What a backend can declare; halves are widened by the host, so that no backend sees them.
BACKEND_DTYPES = frozenset(np.dtype(name) for name in FLOAT_NAMES + INTEGER_NAMES)
FLOAT16 = np.dtype("float16")
HALF_NAMES = ("float16", "bfloat16")
_TAKEN = BACKEND_DTYPES | {FLOAT16}
# A memmap differs from an ndarray in where its memory is; other subclasses change what is computed.
_TYPES = (np.ndarray, np.memmap)
# Bounds the search for a common element of two interleaved arrays.
_OVERLAP_WORK = 10_000
# Elements that are looked at together: a dot product that BLAS leaves to one thread.
_RUN = 8192


def native_byte_order(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """`dtype` in this machine's byte order."""
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def is_half(dtype: np.dtype[Any]) -> bool:
    """Whether `dtype` is float16, or bfloat16 as ml_dtypes has it: summed in float32."""
    return dtype == FLOAT16 or (dtype.kind == "V" and dtype.name == "bfloat16")


def is_taken(dtype: np.dtype[Any]) -> bool:
    """Whether convcore computes in `dtype`, a native one."""
    return dtype in _TAKEN or is_half(dtype)


def parse_dtype(dtype: object, *, halves: bool = True) -> np.dtype[Any]:
    """`dtype` as a native NumPy dtype that convcore computes in."""
    try:
        parsed = native_byte_order(_named(dtype))
    except TypeError:
        hint = (
            "; install ml_dtypes, which has it"
            if isinstance(dtype, str) and dtype == "bfloat16"
            else ""
        )
        raise DtypeError(f"dtype: must name a NumPy dtype; got {dtype!r}{hint}") from None
    if parsed not in BACKEND_DTYPES and not (halves and is_half(parsed)):
        names = [*sorted(FLOAT_NAMES + INTEGER_NAMES), *(HALF_NAMES if halves else ())]
        raise DtypeError(f"dtype: must be one of {', '.join(names)}; got {parsed}")
    one: np.dtype[Any] = np.dtype(parsed.name)  # that of new arrays; a pickle makes another
    return one


def _named(dtype: Any) -> np.dtype[Any]:
    if isinstance(dtype, str) and dtype == "bfloat16":
        with suppress(ImportError):
            import_module("ml_dtypes")  # by which NumPy knows the name
    found: np.dtype[Any] = np.dtype(dtype)
    return found


def check_array(name: str, array: object) -> np.dtype[Any]:
    """The native dtype of `array`, an exact ndarray or memmap of a dtype that is taken."""
    if not isinstance(array, np.ndarray) or type(array) not in _TYPES:
        kind = type(array).__name__
        raise DtypeError(f"{name}: must be a numpy.ndarray; got {kind}; {_hint(array)}")
    dtype = native_byte_order(array.dtype)
    if not is_taken(dtype):
        raise DtypeError(
            f"{name}: must be float16, float32, float64, complex64, complex128 or an integer; "
            f"got dtype {dtype}; convert it with {name}.astype"
        )
    return dtype


def _hint(operand: object) -> str:
    if isinstance(operand, np.ma.MaskedArray):
        return "fill it first, as in x.filled(0)"
    if type(operand).__name__ == "PreparedWeight":
        return "only forward and grad_input of the plan that prepared it take it, as the weight"
    return "convert it with numpy.asarray"


def check_operand(name: str, array: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse anything but an exact ndarray of this shape and, byte order aside, this dtype."""
    if type(array) is np.ndarray and array.dtype is dtype and array.shape == shape:
        return
    check_same_dtype(name, check_array(name, array), dtype)
    if array.shape != shape:  # type: ignore[attr-defined]
        raise ShapeError(f"{name}: must have shape {shape}; got {array.shape}")  # type: ignore[attr-defined]


def check_pair(first_name: str, first: object, second_name: str, second: object) -> np.dtype[Any]:
    """The dtype that two operands share."""
    if type(first) is type(second) is np.ndarray and first.dtype is second.dtype:
        shared: np.dtype[Any] = first.dtype
        if is_taken(shared) and shared.isnative:
            return shared
    dtype = check_array(first_name, first)
    other = check_array(second_name, second)
    if other != dtype:
        raise DtypeError(
            f"{second_name}: must have the dtype of {first_name}, {dtype}; got {other}; "
            f"say what to compute in, for instance dtype='{_roomy(dtype, other)}', or convert one "
            f"of them"
        )
    return dtype


def _roomy(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
    """A dtype for sums of products of such operands."""
    shared = np.result_type(*dtypes)
    return np.promote_types(shared, "int32") if shared.kind in "iu" else shared


def check_same_dtype(name: str, got: np.dtype[Any], dtype: np.dtype[Any]) -> None:
    """Refuse mixed dtypes: nothing is converted silently."""
    if got != dtype:
        raise DtypeError(
            f"{name}: must have dtype {dtype} like the other operands; got {got}; "
            f"convert one operand, for instance {name}.astype('{dtype}'), or give conv a dtype="
        )


def check_cast(name: str, got: np.dtype[Any], dtype: np.dtype[Any]) -> None:
    """Refuse an operand that must not be converted to the dtype that was asked for."""
    # As for float16: ml_dtypes lets complex numbers become bfloat16.
    pair = [FLOAT16 if is_half(each) else each for each in (got, dtype)]
    if not np.can_cast(pair[0], pair[1], "same_kind"):
        raise DtypeError(
            f"{name}: must have a dtype that casting='same_kind' takes to dtype={dtype}; "
            f"got {got}; convert it first, as in {name}.astype('{dtype}')"
        )


def result_array(
    out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any], *operands: Array
) -> Array:
    """`out` once it is known to fit and to overlap no operand, else a new array."""
    if out is None:
        return np.empty(shape, dtype)
    check_out(out, shape, dtype, *operands)
    return out


def check_out(
    out: object, shape: tuple[int, ...], dtype: np.dtype[Any], *operands: Array | None
) -> None:
    """Refuse an `out` that a backend could not write to directly."""
    if not isinstance(out, np.ndarray) or type(out) not in _TYPES:
        raise DtypeError(f"out: must be a numpy.ndarray; got {type(out).__name__}")
    if out.dtype != dtype:
        raise DtypeError(f"out: must have dtype {dtype}; got {out.dtype}")
    if out.shape != shape:
        raise ShapeError(f"out: must have shape {shape}; got {out.shape}")
    flags = out.flags
    if not flags.carray:
        _refuse_layout(flags)
    for operand in operands:
        if operand is None or not np.may_share_memory(out, operand):
            continue
        if _overlap(out, operand):
            raise ShapeError(
                f"out: must not overlap an operand; got shape {out.shape} inside the memory of "
                f"an operand of shape {operand.shape}"
            )


def _refuse_layout(flags: Any) -> None:
    for fits, rule in (
        (flags.writeable, "writeable; got a read-only array"),
        (flags.aligned, "aligned; got a misaligned array"),
        (flags.c_contiguous, "C-contiguous; got a strided array"),
    ):
        if not fits:
            raise ShapeError(f"out: must be {rule}")


def _overlap(first: Array, second: Array) -> bool:
    try:
        return np.shares_memory(first, second, max_work=_OVERLAP_WORK)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def as_plain(array: Array) -> Array:
    """`array` itself where it is C-contiguous, aligned and native, else a copy that is.

    Of a memmap, an ndarray on the same memory.
    """
    flags = array.flags
    if (flags.carray or (flags.c_contiguous and flags.aligned)) and array.dtype.isnative:
        return array if type(array) is np.ndarray else array.view(np.ndarray)
    return np.array(array, dtype=native_byte_order(array.dtype), order="C", copy=True)


def all_finite(array: Array) -> bool:
    """Whether no element of a contiguous float array is NaN or infinite.

    The product of such an element with zero is NaN, and so is every sum with that.
    """
    flat = array.reshape(-1)
    zeros = _zeros(array.dtype)
    with np.errstate(invalid="ignore"):
        for start in range(0, flat.size, _RUN):
            run = flat[start : start + _RUN]
            if np.dot(run, zeros[: run.size]) != 0:
                return False
    return True


@lru_cache(maxsize=8)
def _zeros(dtype: np.dtype[Any]) -> Array:
    return np.zeros(_RUN, dtype)


def flipped(weight: Array) -> Array:
    """A view of `weight` that runs backwards along every spatial axis."""
    return np.flip(weight, tuple(range(2, weight.ndim)))
