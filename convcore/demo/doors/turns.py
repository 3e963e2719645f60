"""Two ways to compute the same, run by turns: how long they take, and how far they are apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...plugin import Array

# Seconds of turns after which there is not another one.
ENOUGH = 2.0


class Outcome(NamedTuple):
    """Least seconds of theirs and of ours.

    `difference` is the largest one between their results, in shares of the largest number of
    theirs, of which `allowed` still counts as the same.
    """

    what: str
    theirs: float
    ours: float
    difference: float
    allowed: float

    @property
    def is_same(self) -> bool:
        """Whether ours has computed what theirs did."""
        return self.difference <= self.allowed


def compared(
    what: str, theirs: Callable[[], Array], ours: Callable[[], Array], *, allowed: float
) -> tuple[Outcome, Array]:
    """Who takes how long for the same numbers; and what ours are.

    Ours runs once before, to choose among its backends: a call that is made again is what counts.
    """
    ours()
    runs, results, best = (theirs, ours), [np.empty(0)] * 2, [float("inf")] * 2
    end = time.perf_counter() + ENOUGH
    while max(best) == float("inf") or time.perf_counter() < end:
        for which, run in enumerate(runs):
            start = time.perf_counter()
            results[which] = run()
            best[which] = min(best[which], time.perf_counter() - start)
    return Outcome(what, best[0], best[1], difference(*results), allowed), results[1]


def difference(theirs: Array, ours: Array) -> float:
    """Largest difference, in shares of the largest number of theirs."""
    first, second = (np.asarray(array, np.float64) for array in (theirs, ours))
    largest = np.abs(first).max()
    return float(np.abs(first - second).max() / (largest or 1.0))
