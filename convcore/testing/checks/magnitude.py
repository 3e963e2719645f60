"""The check of magnitude: operands at both ends of the exponent range, and all between."""

from __future__ import annotations

import numpy as np

from ..cases import Case
from ..catalogue import oracle
from ..catalogue.data import generator_for
from ..catalogue.problems import BRIEF
from ..check import check, floats, over
from ..failures import NotApplicable, require_close
from .arrays import SAMPLE

# The largest power of two of an operand is so far from the end of the exponent range that 1e37 is
# within it in float32, and the smallest as far from 1 as that.
MARGIN = 5


@check(over(floats, rotate=SAMPLE, later=BRIEF))
def magnitudes(case: Case) -> None:
    """Huge and tiny operands whose result is finite give that, by an algorithm without a norm."""
    if case.backend.declaration.numerics == "normwise":
        raise NotApplicable("an algorithm with a normwise bound may overflow on its way")
    require_magnitudes(case)
    for position in (0, 1):
        _require_mixed(case.variant(data="random"), position)


def require_magnitudes(case: Case) -> None:
    """Fail unless whole numbers times powers of two give the result that they give, times those."""
    for powers in _powers(case):
        pair = case.operands()
        for array, power in zip(pair, powers, strict=True):
            array *= 2.0**power
        scale = np.float64(2.0 ** sum(powers))
        what = f"result of operands times 2**{powers[0]} and 2**{powers[1]}"
        with np.errstate(all="ignore"):
            got = case.call(*pair)
        require_close(got, case.want * scale, case.tolerance * scale, what)


def _powers(case: Case) -> list[tuple[int, int]]:
    """Powers of two for both operands: one huge, the other tiny or as large as the sum may be."""
    limits = np.finfo(case.dtype)
    digits = limits.nmant + 1
    huge, tiny, least = limits.maxexp - MARGIN - digits // 2, MARGIN - limits.maxexp, -digits
    # Whole numbers have up to half the digits, and their sums of products all of them.
    beside = least + digits // 2
    return [(huge, tiny), (tiny, huge), (huge, beside), (beside, huge)]


def _require_mixed(case: Case, position: int) -> None:
    """Fail where huge and tiny numbers stand side by side in an operand."""
    largest = np.finfo(case.dtype).maxexp - MARGIN
    pair = case.operands()
    drawn = generator_for("mixed", case.geometry, case.operation)
    exponents = drawn.integers(-largest, largest, pair[position].shape, endpoint=True)
    pair[position][...] *= np.ldexp(1.0, exponents)
    terms = 2 * case.geometry.accumulation_length(case.operation)
    pair[1 - position][...] /= 2.0 ** terms.bit_length()
    with np.errstate(all="ignore"):
        got = case.call(*pair)
    want = oracle.exact(case.geometry, case.operation, *pair)
    # Beside what is rounded, each product may underflow.
    lost = terms * float(np.finfo(case.dtype).smallest_subnormal)
    allowed = case.slack(pair) + (complex(lost, lost) if np.iscomplexobj(want) else lost)
    what = f"result where operand {position + 1} holds huge and tiny numbers"
    require_close(got, want, allowed, what)
