"""The check of variants: several ways to run an operation, each as right as the others."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np

from ...plugin import Convolution, Operation, UnsupportedError
from ..cases import Case
from ..catalogue.problems import ALONE, BRIEF
from ..check import check, every, over
from ..failures import expected, require, require_close
from .plans import importable

# What a backend without the capability lists, and a name that no backend lists.
ONLY = ("default",)
NOBODY = "no such variant"


@check(over(every, rotate=BRIEF, later=ALONE))
def variants(case: Case) -> None:
    """Every variant that is listed can be had, is right and is copied; undeclared, there is one."""
    listed = _listed(case, threads=case.threads)
    for threads, max_workspace in ((1, None), (3, 1 << 30)):
        _listed(case, threads=threads, max_workspace=max_workspace)
    if "variants" not in case.backend.declaration.capabilities:
        require(listed == ONLY, f"variants: must be {ONLY} where undeclared; got {listed}")
        with expected((UnsupportedError, TypeError), f"variants={_wanted(case, ONLY[0])}"):
            _plan(case, ONLY[0])
        return
    for name in listed:
        _require_right(case, name)
    with expected(UnsupportedError, f"variants={_wanted(case, NOBODY)}"):
        _plan(case, NOBODY)


def _listed(case: Case, **limits: Any) -> tuple[str, ...]:
    """What `variants` answers, once it is known to be names."""
    dtype = np.dtype(case.dtype)
    names: Any = case.backend.variants(case.geometry, dtype, case.operation, **limits)
    well_formed = isinstance(names, tuple) and all(isinstance(n, str) and n for n in names)
    require(
        well_formed and names and len(set(names)) == len(names),
        f"variants: must be a tuple of names, at least one and none twice; got {names!r}",
    )
    return tuple(names)


def _wanted(case: Case, name: str) -> dict[Operation, str]:
    return {case.operation: name}


def _plan(case: Case, name: str) -> Convolution:
    wanted = _wanted(case, name)
    return case.backend(case.geometry, case.dtype, threads=case.threads, variants=wanted)


def _require_right(case: Case, name: str) -> None:
    """A plan of this variant, and each copy of it, keeps to it and gives the right result."""
    plan = _plan(case, name)
    plans = [plan, copy.deepcopy(plan)]
    if importable(case.backend):
        plans.append(pickle.loads(pickle.dumps(plan)))
    for number, each in enumerate(plans):
        what = f"{'copied ' if number else ''}plan of the variant {name!r}"
        kept, wanted = each._variants, _wanted(case, name)
        require(kept == wanted, f"{what}: must keep variants={wanted}; got {kept}")
        result = getattr(each, case.operation)(*case.operands())
        require_close(result, case.want, case.tolerance, f"result of a {what}")
