"""What the padding is filled with: names, one for all axes or one for each, and the value."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any, TypeAlias

import numpy as np

from ..errors import DtypeError, GeometryError

PaddingMode: TypeAlias = str | Sequence[str]

# Our names, after those of numpy.pad that mean the same.
NUMPY_MODES = {
    "constant": "constant",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "circular": "wrap",
}
MODES = ("zeros", *NUMPY_MODES)
# What other libraries call them.
_ELSEWHERE = {theirs: ours for ours, theirs in NUMPY_MODES.items()} | {
    "mirror": "reflect",
    "nearest": "replicate",
}


def check_mode(mode: object) -> None:
    """Refuse a padding mode that is not known."""
    for name in mode if isinstance(mode, list | tuple) and mode else (mode,):
        if not isinstance(name, str) or name not in MODES:
            ours = _ELSEWHERE.get(name) if isinstance(name, str) else None
            hint = f"; write {ours!r}" if ours else ""
            raise GeometryError(
                f"padding_mode: must be one of {', '.join(MODES)}; got {mode!r}{hint}"
            )


def parse_modes(mode: PaddingMode, rank: int) -> tuple[str, ...]:
    """One mode for each spatial axis, from one for all or a sequence."""
    check_mode(mode)
    modes = (mode,) * rank if isinstance(mode, str) else tuple(mode)
    if len(modes) != rank:
        raise GeometryError(
            f"padding_mode: expected one mode for each of {rank} spatial axes; got {modes}"
        )
    return modes


def check_value(value: Any, mode: PaddingMode, dtype: np.dtype[Any]) -> None:
    """Refuse a padding value that the mode does not use or `dtype` cannot hold."""
    if type(value) is int and value == 0:  # the default fits every mode and every dtype
        return
    if mode != "constant" and (isinstance(mode, str) or "constant" not in mode):
        if _is_zero(value):
            return
        raise GeometryError(
            f"padding_value: needs padding_mode='constant'; got {value!r} with {mode!r}"
        )
    if not isinstance(value, Number | np.bool_) or not _fits(value, dtype):
        raise DtypeError(f"padding_value: must be a number that {dtype} can hold; got {value!r}")


def _is_zero(value: Any) -> bool:
    return bool(np.isscalar(value) and value == 0)


def _fits(value: Any, dtype: np.dtype[Any]) -> bool:
    if isinstance(value, np.timedelta64) or (dtype.kind != "c" and np.iscomplexobj(value)):
        return False
    try:
        if dtype.kind in "iu":
            info = np.iinfo(dtype)
            # As Python's integers: NumPy would compare in the value's dtype, and round the limits.
            return float(value).is_integer() and info.min <= int(value) <= info.max
        given = np.asarray(value)  # an array, so that the comparison is in the wider dtype
        with np.errstate(over="ignore"):
            held = given.astype(dtype)
    except OverflowError:  # a Python integer beyond every float
        return False
    return bool(np.isfinite(held) or held == given or held != held)  # infinite only where asked
