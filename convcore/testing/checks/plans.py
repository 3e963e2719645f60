"""Checks of plans: what they say of themselves, how they are copied, what they cost."""

from __future__ import annotations

import copy
import math
import pickle
import sys
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from ...plugin import Array, Convolution, Geometry
from ..cases import Case, stated_bytes
from ..catalogue.problems import ALONE
from ..check import check, every, first, over
from ..failures import expected, require, require_close
from .memory import traced

PLANNED = {name: ALONE[name] for name in ("1d", "2d+everything", "3d+groups")}
# Bytes that planning a problem of any size may allocate.
PLANNING_BYTES = 16 << 20


@check(over(every, PLANNED))
def estimate(case: Case) -> None:
    """An estimate is None or a number of seconds, and the same when asked again."""
    dtype = np.dtype(case.dtype)
    for threads in (1, 2):
        ask = [
            case.backend.estimate(case.geometry, dtype, case.operation, threads=threads)
            for _ in range(2)
        ]
        seconds = ask[0]
        require(
            seconds is None or (isinstance(seconds, int | float) and 0 < seconds < math.inf),
            f"estimate: must be None or seconds > 0; got {seconds!r}",
        )
        require(ask[0] == ask[1], f"estimate: must answer the same twice; got {ask}")


@check(over(every, PLANNED))
def plan_attributes(case: Case) -> None:
    """A plan has the geometry, dtype, threads and workspace it was asked for, read-only."""
    asked = {
        "geometry": case.geometry,
        "dtype": np.dtype(case.dtype),
        "threads": 3,
        "max_workspace": 1 << 30,
    }
    plan = case.backend(case.geometry, case.dtype, threads=3, max_workspace=1 << 30)
    for name, value in asked.items():
        got = getattr(plan, name)
        require(got == value, f"{name}: must be {value!r} as asked; got {got!r}")
        with expected(AttributeError, f"setting {name}"):
            setattr(plan, name, value)
    stated_bytes(plan, case.operation)


@check(over(every, PLANNED))
def plan_copies(case: Case) -> None:
    """A copied plan, and a pickled one, has the same options and gives the same result."""
    plan = case.backend(case.geometry, case.dtype, threads=3, max_workspace=1 << 30)
    copies = [copy.deepcopy(plan)]
    if importable(case.backend):
        copies.append(pickle.loads(pickle.dumps(plan)))
    for copied in copies:
        for name in ("geometry", "dtype", "threads", "max_workspace"):
            got, want = getattr(copied, name), getattr(plan, name)
            require(got == want, f"{name} of a copied plan: must be {want!r}; got {got!r}")
        result = getattr(copied, case.operation)(*case.operands())
        require_close(result, case.want, case.tolerance, "result of a copied plan")


def importable(backend: type[Convolution]) -> bool:
    """Whether a class can be found by its module and name, as pickle needs it."""
    found: Any = sys.modules.get(backend.__module__)
    for part in backend.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is backend


# No powers of two: a count of its operations that wraps at 2**32 is then some number, and not 0.
_HUGE = Geometry.of((1, 61, 2**20 - 1, 2**20 + 1), (67, 61, 25, 25), padding=12)


@check(over(every, [_HUGE]))
def planning_is_cheap(case: Case) -> None:
    """Asking about a problem of almost 2**46 elements, and planning it, allocates very little."""
    with traced() as memory:
        case.backend.estimate(_HUGE, np.dtype(case.dtype), case.operation, threads=1)
        case.plan.workspace_bytes(case.operation)
    peak = memory.peak
    require(peak <= PLANNING_BYTES, f"planning: must allocate at most 16 MiB; got {peak} bytes")


@check(over(every, [_HUGE]))
def estimate_grows(case: Case) -> None:
    """Of a huge problem too, an estimate is above zero, and more samples take longer."""
    estimates = []
    for batch in (1, 2, 4, 8):
        geometry = case.variant(geometry=replace(_HUGE, batch=batch)).required().geometry
        dtype = np.dtype(case.dtype)
        estimates.append(case.backend.estimate(geometry, dtype, case.operation, threads=1))
    known = [0, *(seconds for seconds in estimates if seconds is not None)]
    require(
        all(fewer < more for fewer, more in pairwise(known)),
        f"estimate: must be above 0 and grow with the batch, 1, 2, 4, 8; got {estimates}",
    )


# Beyond 255, where a counter of one byte would begin anew.
CALLS = 300


@check(over(first, [PLANNED["1d"].geometry]))
def many_calls(case: Case) -> None:
    """A plan that was called hundreds of times still gives the result of its first call."""
    want = case.call()
    for number in range(2, CALLS + 1):
        case.require_same(case.call(), want, f"result of call {number}")


@check(over(first, PLANNED))
def subclass_is_respected(case: Case) -> None:
    """The public methods go through `_forward` and its kin where a subclass overrides them."""

    def fill(plan: Convolution, first: Array, second: Array, result: Array) -> None:
        result.fill(7)

    changed = type("Changed", (case.backend,), {f"_{case.operation}": fill})
    got = case.variant(backend=changed).call()
    require((got == 7).all(), f"{case.operation}: must call _{case.operation} of a subclass")
