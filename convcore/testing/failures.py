"""Right or wrong: the exceptions of a check, and how far two arrays are apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np

from ..plugin import Array

Errors: TypeAlias = type[Exception] | tuple[type[Exception], ...]


class CheckFailure(AssertionError):  # noqa: N818, as pytest names its own
    """What a check found wrong.

    Parameters
    ----------
    message : str
        One sentence with the values in it.
    units : float, optional
        Measured error in units of the bound.
    """

    def __init__(self, message: str, units: float | None = None) -> None:
        super().__init__(message)
        self.units = units


class NotApplicable(Exception):  # noqa: N818, an outcome and no error
    """A check, or one case of it, that has nothing to look at; the reason is its text."""


def require(condition: object, message: str) -> None:
    """Fail with `message` unless `condition` holds."""
    if not condition:
        raise CheckFailure(message)


@contextmanager
def expected(error: Errors, what: str) -> Iterator[None]:
    """Fail unless the block raises `error`, or one of several."""
    names = " or ".join(e.__name__ for e in (error if isinstance(error, tuple) else (error,)))
    try:
        yield
    except error:
        return
    except Exception as other:
        raise CheckFailure(f"{what} must raise {names}; got {other!r}") from other
    raise CheckFailure(f"{what} must raise {names}; got no exception")


def require_close(got: Array, want: Array, tolerance: Array, what: str = "result") -> float:
    """Error of `got` in units of `tolerance`; a `CheckFailure` where it exceeds 1 anywhere."""
    if not isinstance(got, np.ndarray) or got.shape != want.shape:
        shape = getattr(got, "shape", type(got).__name__)
        raise CheckFailure(f"{what}: must be an array of shape {want.shape}; got {shape}")
    units = in_units(got, want, tolerance)
    if not units <= 1:
        rule = f"error is {units:.3g} bounds" if np.any(tolerance) else "must be exact"
        raise CheckFailure(f"{what}: {rule}; {describe(got, want)}", units)
    return units


def in_units(got: Array, want: Array, tolerance: Array) -> float:
    """Largest error in units of `tolerance`, real and imaginary parts apart; Inf for NaN."""
    if np.array_equal(got, want):
        return 0.0
    if got.dtype.kind in "iu":
        return np.inf
    with np.errstate(all="ignore"):
        error = got.astype(np.result_type(got, want, np.float64)) - want
        if not np.iscomplexobj(error):
            return _worst(error, tolerance)
        imaginary = tolerance.imag if np.iscomplexobj(tolerance) else tolerance
        return max(_worst(error.real, tolerance.real), _worst(error.imag, imaginary))


def _worst(error: Array, tolerance: Array) -> float:
    ratio = np.where(error == 0, 0.0, np.abs(error) / tolerance)
    return float(np.where(np.isnan(ratio), np.inf, ratio).max())


def describe(got: Array, want: Array) -> str:
    """Where two arrays of one shape differ most, with the values there."""
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(complex) - want.astype(complex))
    error = np.where(np.isnan(error), np.inf, error)
    at = tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))
    count = np.count_nonzero(error)
    return f"{count} of {error.size} elements differ, most at {at}: got {got[at]}, want {want[at]}"
