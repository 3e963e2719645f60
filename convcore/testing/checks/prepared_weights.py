"""Checks of prepared weights: one serves as the array it was made from did, for its plan alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...plugin import Array, Convolution
from ..cases import Case
from ..catalogue.problems import ALONE, BRIEF
from ..check import Domain, Profile, check, every, first, over
from ..failures import expected, require
from .arrays import SAMPLE, sentinel


def _of_a_weight(domain: Domain) -> Domain:
    """The cases of `domain` whose operation takes a weight."""

    def cases(backend: type[Convolution], profile: Profile) -> Iterable[Case]:
        return (case for case in domain(backend, profile) if case.operation != "grad_weight")

    return cases


def _prepared(case: Case, weight: Array, operation: Any = None) -> Any:
    return case.plan.prepare(weight, operation=operation)


@check(_of_a_weight(over(every, rotate=BRIEF, later=ALONE, data="random")))
def prepared_weight(case: Case) -> None:
    """A prepared weight gives the bits of the array it was made from, whatever becomes of that."""
    operand, weight = case.operands()
    want = case.call(operand, weight)
    serving = [_prepared(case, weight), _prepared(case, weight, case.operation)]
    distraction = _prepared(case, case.variant(seed=1).operands()[1])
    weight.fill(sentinel(weight.dtype))
    for prepared in serving:
        got = case.call(operand, prepared)
        case.require_same(got, want, f"first result of a {prepared!r}")
        case.call(operand, distraction)
        case.require_same(case.call(operand, prepared), want, f"second result of a {prepared!r}")
        got.fill(sentinel(got.dtype))
        case.call(operand, prepared, out=got)
        case.require_same(got, want, f"out for a {prepared!r}")


@check(_of_a_weight(over(first, rotate=SAMPLE)))
def prepared_for_one_plan(case: Case) -> None:
    """A prepared weight is refused by every plan but its own, and where it is for another use."""
    operand, weight = case.operands()
    prepared: Any = _prepared(case, weight)
    with expected(ShapeError, "a weight prepared by an equal plan"):
        case.variant().call(operand, prepared)
    unprepared = "forward" if case.operation == "grad_input" else "grad_input"
    with expected(ShapeError, f"{case.operation} with a weight prepared for {unprepared}"):
        case.call(operand, _prepared(case, weight, unprepared))


@check(_of_a_weight(over(first, rotate=SAMPLE)))
def prepared_for_a_subclass(case: Case) -> None:
    """A subclass that overrides an operation alone gets the array, prepared or not."""
    seen: list[Any] = []

    def look(plan: Convolution, first: Array, second: Any, result: Array) -> None:
        seen.append(second)

    changed = case.variant(backend=type("Changed", (case.backend,), {f"_{case.operation}": look}))
    operand, weight = case.operands()
    changed.call(operand, _prepared(changed, weight))
    require(
        len(seen) == 1 and type(seen[0]) is np.ndarray and np.array_equal(seen[0], weight),
        f"_{case.operation} of a subclass: must get the weight as an array; got {seen}",
    )
