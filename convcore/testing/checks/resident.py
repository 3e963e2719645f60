"""Checks that a process does not grow: with calls, or with plans, whatever keeps the memory."""

from __future__ import annotations

import ctypes
import gc
import importlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from ...plugin import Convolution, Geometry
from ..cases import Case
from ..check import Profile, check, first, over
from ..failures import CheckFailure, NotApplicable

try:
    resource: Any = importlib.import_module("resource")
except ImportError:
    resource = None

# By spatial rank, problems all of whose results have at least 16 KiB in float32, and tiny ones.
LARGE = {
    1: Geometry.of((1, 37, 113), (38, 37, 3), padding=1),
    2: Geometry.of((1, 21, 14, 14), (22, 21, 3, 3), padding=1),
    3: Geometry.of((1, 12, 7, 7, 7), (13, 12, 3, 3, 3), padding=1),
}
TINY = {rank: Geometry.of((1, 1, *(5,) * rank), (1, 1, *(3,) * rank)) for rank in LARGE}
# So much, and no less, has to be kept for a failure: a hundred times what comes and goes by itself.
GROWTH_BYTES = 2 << 20
# The least part of a result, and the least memory at all, that is noticed where each call keeps it.
KEPT_SHARE, KEPT_BYTES = 0.5, 256
# Calls beforehand, for what is allocated once; plans that are made and dropped; and measurements
# that all have to show growth.
FIRST_CALLS, PLANS, ROUNDS = 16, 256, 3


def of_lowest_rank(problems: dict[int, Geometry], later: dict[int, Geometry]) -> Any:
    """One problem, and in the standard profile another, of the lowest rank that is declared."""

    def cases(backend: type[Convolution], profile: Profile) -> Iterator[Case]:
        rank = next((rank for rank in problems if rank in backend.declaration.ranks), 0)
        chosen = [part[rank] for part in (problems, later) if rank in part]
        yield from over(first, chosen[:1], later=chosen[1:])(backend, profile)

    return cases


@check(of_lowest_rank(LARGE, TINY))
def memory_of_calls(case: Case) -> None:
    """The process does not grow with calls, whatever keeps the memory."""
    pair, kept = case.operands(), KEPT_BYTES
    kept = max(kept, int(KEPT_SHARE * case.call(*pair).nbytes))
    _require_flat(lambda: case.call(*pair), GROWTH_BYTES // kept, "calls")


@check(of_lowest_rank(LARGE, {}))
def memory_of_plans(case: Case) -> None:
    """Nor does it with plans that are made, called and dropped."""
    pair = case.operands()
    _require_flat(lambda: case.variant().call(*pair), PLANS, "plans")


def _require_flat(step: Callable[[], object], count: int, what: str) -> None:
    """Fail if the process grows in every round of so many steps."""
    for _ in range(FIRST_CALLS):
        step()
    for _ in range(ROUNDS):
        before = resident_bytes()
        for _ in range(count):
            step()
        if (grown := resident_bytes() - before) <= GROWTH_BYTES:
            return
    raise CheckFailure(f"the process must not grow; it did by {grown} bytes with {count} {what}")


def resident_bytes() -> int:
    """Memory that the process holds or, where the system tells no more, has held at most."""
    if resource is None:
        raise NotApplicable("this system does not tell how much memory a process holds")
    _give_back()
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * int(resource.getpagesize())
    except OSError:
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _give_back() -> None:
    """Leave to the system what is free, in which all that is kept would find room otherwise."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):  # a C library that cannot
        ctypes.CDLL(None).malloc_trim(0)
