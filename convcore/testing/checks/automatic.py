"""Checks of a backend as the automatic choice runs it, which repairs what is not finite."""

from __future__ import annotations

from ...planning import repairing
from ..cases import Case
from ..catalogue.problems import ALONE
from ..check import check, floats, over
from ..failures import NotApplicable
from .magnitude import require_magnitudes
from .numbers import NONFINITE, require_reach

# With what algorithms for dense odd kernels and for many tiles take.
REPAIRED = NONFINITE | {name: ALONE[name] for name in ("1d+cube", "2d+cube", "2d.wide", "3d+cube")}


@check(over(floats, rotate=REPAIRED))
def automatic_nonfinite(case: Case) -> None:
    """In the automatic choice NaN and Inf reach exactly the results they enter."""
    require_reach(_repaired(case), local=True)


@check(over(floats, rotate=REPAIRED))
def automatic_magnitudes(case: Case) -> None:
    """In the automatic choice huge and tiny operands give the result, where that is finite."""
    require_magnitudes(_repaired(case))


def _repaired(case: Case) -> Case:
    """The case with a plan as the automatic choice makes it."""
    declared = case.backend.declaration
    if not declared.automatic:
        raise NotApplicable("the backend declares automatic=False")
    if declared.numerics == "componentwise" and declared.nonfinite == "local":
        raise NotApplicable("there is nothing to repair")
    chosen = case.variant()
    chosen.__dict__["plan"] = repairing(case.plan)
    return chosen
