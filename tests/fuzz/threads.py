"""The same plans on several threads at once: every call has to give the bits that it gave alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from random import Random
from typing import Any

from .rounds import Outcome, outcome

# How often each thread makes each call of a problem.
TIMES = 3


def threaded_outcome(seed: int, index: int, backends: tuple[str, ...], threads: int) -> Outcome:
    """What becomes of a problem whose calls, once found right, are repeated by all threads."""
    result = outcome(seed, index, backends)
    log = [entry for entry in result.log if entry[1]]
    if result.found or not log:
        return result
    works = [_Repeated(log, Random(f"{seed}/{index}/{n}")) for n in range(threads)]
    found = [text for text in _pool(threads).map(lambda work: work(), works) if text]
    calls = result.calls + threads * TIMES * len(log)
    return result._replace(calls=calls, found=tuple(found[:1]))


class _Repeated:
    """All calls of a problem, in an order of their own; what went wrong is returned."""

    def __init__(self, log: Sequence[tuple[Callable[[], Any], bytes]], r: Random) -> None:
        self.log = r.sample(list(log) * TIMES, len(log) * TIMES)

    def __call__(self) -> str:
        for repeat, want in self.log:
            try:
                got = repeat().tobytes()
            except Exception as error:
                return f"on a thread: {type(error).__name__}: {error}"
            if got != want:
                return "on several threads at once a call gave other bits than alone"
        return ""


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
