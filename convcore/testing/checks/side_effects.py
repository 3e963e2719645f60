"""Checks of manners: nothing remembered, nothing changed behind the caller's back, no noise."""

from __future__ import annotations

import copy
import ctypes
import io
import os
import pickle
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress

import numpy as np

from ...plugin import OPERATIONS, Convolution
from ..cases import Case
from ..catalogue.problems import ALONE, BRIEF
from ..check import check, first, floats, over
from ..failures import CheckFailure, require, require_close
from .process_state import differences, snapshot, unusual_state
from .threads import BUSY, RACED


@check(over(floats, rotate=BRIEF, later=ALONE))
def operands_are_read_anew(case: Case) -> None:
    """Nothing is remembered about operands: new values in the same arrays give the new result."""
    pair, refilled = case.operands(), case.variant(seed=1)
    case.call(*pair)
    for position, values in enumerate(refilled.operands()):
        pair[position][...] = values
    require_close(case.call(*pair), refilled.want, refilled.tolerance, "result for new values")


@check(over(floats, rotate=BRIEF, later=ALONE))
def operations_do_not_mix(case: Case) -> None:
    """Calls of other operations of the same plan, before and between, change nothing."""
    for operation in OPERATIONS:
        sibling = case.variant(operation=operation, seed=1)
        if operation != case.operation and sibling.refusal() is None:
            getattr(case.plan, operation)(*sibling.operands())
            case.require_right(case.call())


@check(over(first, [BUSY]))
def used_plan_copies(case: Case) -> None:
    """A plan that was called is copied and pickled as a new one is."""
    copies: list[Callable[[Convolution], Convolution]] = [copy.deepcopy]
    with suppress(pickle.PicklingError, AttributeError, TypeError):
        pickle.dumps(case.variant().plan)
        copies.append(lambda plan: pickle.loads(pickle.dumps(plan)))
    case.call()
    for replicate in copies:
        result = getattr(replicate(case.plan), case.operation)(*case.operands())
        require_close(result, case.want, case.tolerance, "result of a copy of a used plan")


@check(over(floats, rotate=RACED))
def global_state(case: Case) -> None:
    """Planning and calling leave thread counts, FP environment, errstate and RNG alone."""
    with unusual_state():
        before = snapshot()
        case.call()
        case.backend.estimate(case.geometry, np.dtype(case.dtype), case.operation, threads=2)
        case.plan.workspace_bytes(case.operation)
        changed = differences(before, snapshot())
    if changed:
        raise CheckFailure(f"global state: must stay as it is; changed {changed}")


@check(over(floats, [BUSY], rotate=BRIEF, later=ALONE))
def quiet(case: Case) -> None:
    """Ordinary data raise no warning and no floating-point error, and nothing is printed."""
    printed = io.StringIO()
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        try:
            with redirect_stdout(printed), redirect_stderr(printed), _descriptors() as written:
                case.call()
        except (Warning, FloatingPointError) as error:
            raise CheckFailure(f"a call on ordinary data must be quiet; got {error!r}") from error
    text = printed.getvalue() + written.getvalue().decode(errors="replace")
    require(not text, f"a call must print nothing; got {text[:60]!r}")


@contextmanager
def _descriptors() -> Iterator[io.BytesIO]:
    """What is written to the file descriptors 1 and 2 in the block, as compiled code does."""
    written = io.BytesIO()
    with tempfile.TemporaryFile() as file:
        _flush()
        kept = {number: os.dup(number) for number in (1, 2) if _is_open(number)}
        try:
            for number in kept:
                os.dup2(file.fileno(), number)
            yield written
        finally:
            _flush()
            for number, original in kept.items():
                os.dup2(original, number)
                os.close(original)
        file.seek(0)
        written.write(file.read())


def _is_open(number: int) -> bool:
    with suppress(OSError):
        os.fstat(number)
        return True
    return False


def _flush() -> None:
    """Hand on what C has printed, where its library can be reached."""
    with suppress(AttributeError):
        ctypes.pythonapi.fflush(None)
