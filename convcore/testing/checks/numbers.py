"""Checks of the numbers: exact where they can be, within the declared bound elsewhere."""

from __future__ import annotations

import numpy as np

from ...plugin import Array, Geometry
from ..cases import Case
from ..catalogue import oracle
from ..catalogue.data import generator_for
from ..catalogue.problems import ALONE, BRIEF, CATALOGUE, EMPTY, PAIRS
from ..check import check, every, floats, integers, over
from ..failures import CheckFailure, NotApplicable, describe, require, require_close

NONFINITE = {
    name: ALONE[name]
    for name in (
        "1d",
        "1d+padding",
        "2d+groups",
        "2d+dilation",
        "2d+leap",
        "2d+pointwise",
        "2d+depthwise",
        "2d+everything",
        "2d.full",
        "3d+asymmetric",
    )
}


# More than a hundred terms: of the forward sum, of the gradient with respect to the input, and of
# that with respect to the weight.
LONG_SUMS = [
    Geometry.of((1, 104, 4), (2, 104, 2)),
    Geometry.of((1, 2, 4), (104, 2, 2)),
    Geometry.of((2, 2, 70), (2, 2, 2)),
]


@check(over(floats, rotate=ALONE, turns=PAIRS))
def exact_integers(case: Case) -> float:
    """Integer-valued data whose partial sums are exact give the exact result."""
    return case.require_right(case.call())


@check(over(floats, rotate=ALONE, data="skewed"))
def exact_long_digits(case: Case) -> float:
    """The same with nearly all the digits in one operand, so that no operand is shortened."""
    return case.require_right(case.call())


@check(over(integers, rotate=ALONE))
def wrapping_integers(case: Case) -> float:
    """Integer dtypes wrap as NumPy's do, over their full range."""
    return case.require_right(case.call())


@check(over(integers, rotate=BRIEF, data="half"))
def long_integers(case: Case) -> float:
    """Integer sums of nearly all their bits are exact too where they do not wrap."""
    return case.require_right(case.call())


@check(over(floats, LONG_SUMS, rotate=BRIEF, later=CATALOGUE, data="random"))
def error_bound(case: Case) -> float:
    """Random data stay within the declared error bound, element by element."""
    return case.require_right(case.call())


@check(over(floats, rotate=BRIEF, later=ALONE, data="scaled"))
def error_bound_scaled(case: Case) -> float:
    """So do data spread over 24 powers of two, where small results stand beside large ones."""
    return case.require_right(case.call())


@check(over(floats, rotate=BRIEF, later=ALONE))
def extreme_exponents(case: Case) -> None:
    """Exact data stay exact at both ends of the exponent range, subnormal results included."""
    if case.backend.declaration.numerics == "normwise":
        raise NotApplicable("a normwise bound leaves nothing to see there")
    limits = np.finfo(case.dtype)
    for shift in (limits.minexp - limits.nmant + 2, limits.maxexp - limits.nmant - 3):
        pair = case.operands()
        for array, part in zip(pair, (shift - shift // 3, shift // 3), strict=True):
            array *= 2.0**part
        want = case.want * np.float64(2.0**shift)
        require_close(case.call(*pair), want, case.tolerance, f"result at 2**{shift}")


@check(over(every, EMPTY))
def empty_operands(case: Case) -> float:
    """Empty operands give empty or zero results, whatever was in `out`; the workspace is stated."""
    stated = case.plan.workspace_bytes(case.operation)
    require(stated >= 0, f"workspace_bytes: must be 0 or more; got {stated}")
    garbage = np.full(case.geometry.result_shape(case.operation), 7, case.dtype)
    case.require_right(case.call(out=garbage))
    return case.require_right(case.call())


@check(over(floats, rotate=NONFINITE))
def nonfinite(case: Case) -> None:
    """NaN and Inf reach exactly the results they enter, or also others where that is declared."""
    require_reach(case, local=case.backend.declaration.nonfinite == "local")


def require_reach(case: Case, *, local: bool) -> None:
    """Fail where NaN or Inf in an operand is lost or, if they stay `local`, reaches too far."""
    for value in (np.nan, np.inf, -np.inf):
        for poisoned in (0, 1):
            pair = case.operands()
            at = _position(case, pair[poisoned], value)
            # Explicit zeros in the other operand, in the weight a whole tap of them, make a NaN
            # of Inf and pass NaN on; implicit ones must not.
            _planes(pair[1 - poisoned])[..., 0] = 0
            clean = [array.copy() for array in pair]
            pair[poisoned].reshape(-1)[at] = value
            clean[poisoned].reshape(-1)[at] = 0
            with np.errstate(all="ignore"):
                got = case.call(*pair)
            want = oracle.convolve(case.geometry, case.operation, *pair)
            reached = ~np.isfinite(want)
            if not (~np.isfinite(got) >= reached).all():
                raise CheckFailure(f"NaN or Inf was lost on its way; {describe(got, want)}")
            if local:
                _require_local(case, got, want, reached, clean)


def _planes(array: Array) -> Array:
    """A view with all spatial axes in one."""
    return array.reshape(*array.shape[:2], -1)


def _position(case: Case, array: Array, value: float) -> int:
    generator = generator_for("nonfinite", case.geometry, case.operation, value)
    return int(generator.integers(array.size))


def _require_local(case: Case, got: Array, want: Array, reached: Array, clean: list[Array]) -> None:
    if np.isrealobj(want) and not np.array_equal(got[reached], want[reached], equal_nan=True):
        raise CheckFailure(f"NaN and Inf must be as in the sum; got {got[reached][:8]}")
    kept, tolerance = np.where(reached, 0, want), case.slack((clean[0], clean[1]))
    require_close(np.where(reached, 0, got), kept, tolerance, "result that no NaN or Inf enters")
