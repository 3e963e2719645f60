"""Checks of memory: what a call allocates, what it states, what it leaves behind."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import numpy as np

from ...plugin import Array, Geometry, UnsupportedError
from ..cases import Case, stated_bytes
from ..catalogue.problems import ALONE, BRIEF
from ..check import check, first, floats, over
from ..failures import CheckFailure, NotApplicable, require, require_close

SPACIOUS = [
    Geometry.of((1, 4, 180, 190), (4, 4, 3, 3), padding=1),
    Geometry.of((2, 6, 100, 120), (6, 2, 3, 4), stride=2, groups=3),
    Geometry.of((2, 4, 24000), (4, 4, 5), dilation=3),
    Geometry.of((1, 4, 32, 34, 36), (4, 4, 2, 3, 2), padding=1),
]
CROWDED = Geometry.of((1, 8, 96, 112), (4, 8, 7, 7))
CROWDED_BYTES = 1 << 20
SMALL_BYTES = 1 << 11
# Problems that have to be cut into pieces to be computed in so little.
CUT = {name: ALONE[name] for name in ("1d.long", "2d+long", "2d+channels", "2d+leap")} | {
    name: ALONE[name] for name in ("2d+everything", "2d+depthwise", "3d+cube")
}
# Python objects and NumPy's own buffers, which no statement needs to count; each operand of the
# problems above is twice as large at least.
SLACK_BYTES = 256 << 10


@check(over(floats, rotate=SPACIOUS))
def workspace_stated(case: Case) -> float:
    """A call allocates no more workspace than `workspace_bytes` states."""
    return _require_within(case, case.plan.workspace_bytes(case.operation))


@check(over(first, [CROWDED]))
def workspace_bounded(case: Case) -> float:
    """A plan with `max_workspace` stays under it, or is refused."""
    try:
        plan = case.backend(
            case.geometry, case.dtype, threads=case.threads, max_workspace=CROWDED_BYTES
        )
    except UnsupportedError as error:
        raise NotApplicable(f"max_workspace={CROWDED_BYTES} is refused: {error}") from None
    stated = plan.workspace_bytes(case.operation)
    if stated > CROWDED_BYTES:
        raise CheckFailure(f"workspace_bytes: must stay under {CROWDED_BYTES}; got {stated}")
    case.__dict__["plan"] = plan
    return _require_within(case, stated)


def _require_within(case: Case, stated: int) -> float:
    peak = _peak_bytes(case)
    if peak > stated + SLACK_BYTES:
        raise CheckFailure(f"a call must allocate at most the stated {stated} bytes; got {peak}")
    return peak / (stated + SLACK_BYTES)


def _peak_bytes(case: Case) -> int:
    """Traced memory of a plan's first two calls above what there was before; `out` not counted.

    Another plan is called beforehand, for what a library allocates once in a process.
    """
    pair = case.operands()
    out: Array = np.zeros(case.geometry.result_shape(case.operation), case.dtype)
    case.variant().call(*pair, out=out)
    with traced() as memory:
        for _ in range(2):
            case.call(*pair, out=out)
    peak: int = memory.peak
    return peak


@contextmanager
def traced() -> Iterator[SimpleNamespace]:
    """The `peak` of traced memory over the block, in bytes."""
    tracing, memory = tracemalloc.is_tracing(), SimpleNamespace(peak=0)
    tracemalloc.start()
    try:
        before = _traced_bytes()
        tracemalloc.reset_peak()
        yield memory
        memory.peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()


@check(over(floats, rotate=CUT, later=BRIEF))
def small_workspace(case: Case) -> float:
    """With little memory to work in, or none, a plan gives the same result or is refused."""
    want, errors = case.call(), []
    usual = stated_bytes(case.plan, case.operation)
    # Plans that make do with the same part of the usual workspace cut a problem alike.
    tried = set()
    for limit in (0, SMALL_BYTES, usual // 2):
        with suppress(UnsupportedError):
            plan = case.backend(case.geometry, case.dtype, threads=2, max_workspace=limit)
            stated = stated_bytes(plan, case.operation)
            if stated < usual and stated in tried:
                continue
            tried.add(stated)
            got = getattr(plan, case.operation)(*case.operands())
            what = f"result with max_workspace={limit}"
            errors.append(require_close(got, want, 2 * case.tolerance, what))
    if not errors:
        raise NotApplicable(f"max_workspace={SMALL_BYTES} and less is refused")
    return max(errors)


@check(over(first, SPACIOUS[1:3]))
def nothing_is_kept(case: Case) -> None:
    """Neither operands nor results live on in a plan, and repeated calls need no more memory."""
    pair = case.operands()
    case.call(*pair)
    watched = [weakref.ref(array) for array in (*pair, case.call(*pair))]
    del pair
    kept = _unless_collected(lambda: sum(ref() is not None for ref in watched))
    require(not kept, "an operand or result is kept after the call")
    with traced():
        before = _traced_bytes()
        for _ in range(4):
            case.call()
        grown = _unless_collected(lambda: max(0, _traced_bytes() - before - SLACK_BYTES))
    require(not grown, f"memory grew by {grown + SLACK_BYTES} bytes over 4 calls")


def _unless_collected(left: Callable[[], int]) -> int:
    """What is `left`, also by a collection of garbage, which takes too long to be done for none."""
    if left():
        gc.collect()
    return left()


def _traced_bytes() -> int:
    return tracemalloc.get_traced_memory()[0]
