"""Timing side by side, A B C A B C: all meet the same noise.

A turn fills a few hundredths of a second with timed batches of calls, each long enough for the
clock, after one call that is not timed: it brings the contender's data back into the caches. Before
it there is a pause, because the threads of the contender before keep spinning for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from .peers import Call

_PAUSE_SECONDS = 5e-3
_BATCH_SECONDS = 1e-4
_TURN_SECONDS = 2e-2
_TURN_BATCHES = 20


@dataclass
class Runner:
    """A call that took `first` seconds, with its samples: seconds per call of each batch."""

    call: Call
    first: float
    seconds: list[float] = field(default_factory=list)
    spent: float = 0.0

    @property
    def least(self) -> float:
        """The shortest time seen."""
        return min([self.first, *self.seconds])

    def turn(self) -> None:
        """Take samples for one round."""
        time.sleep(_PAUSE_SECONDS)
        start = time.perf_counter()
        count = ceil(_BATCH_SECONDS / min(clock(self.call), self.least))
        for _ in range(_TURN_BATCHES):
            self.seconds.append(clock(self.call, count))
            if time.perf_counter() - start > _TURN_SECONDS:
                break
        self.spent += time.perf_counter() - start


def clock(call: Call, count: int = 1) -> float:
    """Seconds of one call, the mean of `count`."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def race(runners: list[Runner], rounds: int, limit: float, tick: Callable[[], None]) -> None:
    """Give every runner `rounds` turns, one after the other.

    Parameters
    ----------
    runners : list of Runner
        Their `seconds` are filled; a call too slow for a turn within `limit` keeps its first.
    rounds : int
        Turns of each.
    limit : float
        Seconds that each may take in all.
    tick : callable
        Called once per turn.
    """
    for _ in range(rounds):
        for runner in runners:
            if runner.spent + 2 * runner.least <= limit:
                runner.turn()
            tick()
    for runner in runners:
        if not runner.seconds:
            runner.seconds.append(runner.first)
