"""A result held against the truth: DESIGN section 7, element by element."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .truths import Truth
from .values import finfo, summed

# Digits that are lost when a transform, or its scale, takes an operand below the normal numbers:
# bounds on norms hold but for that.
UNDERFLOWING = 64


class Promise(NamedTuple):
    """What a backend declares, as far as it decides whether a result is right."""

    numerics: str = "componentwise"
    bound: float = 1.0
    local: bool = True


def fault(got: np.ndarray, truth: Truth, promise: Promise) -> str | None:
    """What is wrong with the numbers of a result, if anything."""
    if got.dtype.kind in "iu":
        want = truth.want.astype(got.dtype)
        return _told(got, want, got == want)
    if not promise.local and not truth.finite:
        return None  # by name, values that are not finite may spread
    with np.errstate(all="ignore"):
        if got.dtype.kind == "c":
            return _complex_fault(got, truth, promise)
        tolerance = _tolerance(got, truth, promise)
        right = _right(got, truth.want, truth.scale, tolerance, truth, promise)
    return _told(got, truth.want, right)


def _complex_fault(got: np.ndarray, truth: Truth, promise: Promise) -> str | None:
    """Real and imaginary parts apart; where one overflows, or is not finite, both may be lost."""
    tolerance, want = _tolerance(got, truth, promise), truth.want
    scale = np.maximum(truth.scale.real, truth.scale.imag)
    real = _right(got.real, want.real, scale, tolerance.real, truth, promise)
    imaginary = _right(got.imag, want.imag, scale, tolerance.imag, truth, promise)
    lost = ~np.isfinite(want)
    return _told(got, want, np.where(lost, ~np.isfinite(got), real & imaginary))


def _tolerance(got: np.ndarray, truth: Truth, promise: Promise) -> np.ndarray:
    """Largest error before the last rounding: the declared bound, and what underflows."""
    info = finfo(summed(got.dtype))
    eps, least = float(info.eps), float(info.smallest_subnormal)
    length = truth.length * (2 if got.dtype.kind == "c" else 1)
    underflow = (length + 2) * least
    if promise.numerics == "componentwise":
        tolerance = promise.bound * (length + 2) * eps * truth.scale
    else:
        tolerance = promise.bound * eps * truth.norms + (truth.added + 2) * eps * truth.scale
        underflow = underflow + UNDERFLOWING * least * truth.reach
        if got.dtype.kind == "c":
            tolerance = np.abs(tolerance) * (1 + 1j)
            underflow *= 4
    if got.dtype.kind == "c":
        return tolerance + underflow * (1 + 1j)
    return tolerance + underflow


def _right(
    got: np.ndarray,
    want: np.ndarray,
    scale: np.ndarray,
    tolerance: np.ndarray,
    truth: Truth,
    promise: Promise,
) -> np.ndarray:
    """Where a result is right; where sums overflow on the way, anything is."""
    largest = want.dtype.type(finfo(summed(got.dtype)).max)
    low, high = (_rounded(want + sign * tolerance, got.dtype) for sign in (-1, 1))
    right = (low <= got) & (got <= high)
    lost = ~np.isfinite(want)
    right = np.where(lost, (got == want) | (np.isnan(got) & np.isnan(want)), right)
    right |= scale + tolerance > largest * (1 - 1e-6)
    if not promise.local:  # by name, sums may overflow on the way as well
        far = np.maximum(truth.norms, truth.largest) * 1e6 > largest
        right |= far & ~np.isfinite(got)
    return right


def _rounded(limit: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`limit` in the result's dtype, where that is coarser than what was summed in."""
    if summed(dtype) != dtype:
        return limit.astype(dtype)
    return np.where(np.abs(limit) > finfo(dtype).max, np.copysign(np.inf, limit), limit)


def _told(got: np.ndarray, want: np.ndarray, right: np.ndarray) -> str | None:
    if np.all(right):
        return None
    wrong = np.argwhere(~right)
    first = tuple(map(int, wrong[0]))
    return (
        f"{len(wrong)} of {got.size} results are wrong, the first at {first}: "
        f"got {got[first]!r}, want {want[first]!r}"
    )
