"""A race of callables: they take turns, and the best of several times counts.

It goes on until the shortest time of each that may still win has been met twice, as on a machine
that others do not keep busy, or until a few calls' worth of time is over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import count
from time import perf_counter
from typing import NamedTuple

# How far the two shortest times of a way may be apart for the machine to count as quiet.
SPREAD = 0.1
# Least rounds of a race, seconds of a sample in which short calls are repeated, and how many times
# longer than the best a contender may take to stay in.
ROUNDS = 15
SAMPLE = 1e-4
DROP = 2.0
# Seconds after which no further round begins: a few calls' worth, between these.
LEAST_TIME, MOST_TIME = 0.5, 30.0
CALLS = 15


class Timing(NamedTuple):
    """The two shortest times of one way, in seconds; infinite where it was not run."""

    best: float = math.inf
    second: float = math.inf

    @property
    def settled(self) -> bool:
        """Whether the shortest was met twice, as on a machine that others do not keep busy."""
        return self.second <= (1 + SPREAD) * self.best < math.inf

    def after(self, seconds: float) -> Timing:
        """The same with one time more."""
        return Timing(*sorted((*self, seconds))[:2])


def race(
    runs: Sequence[Callable[[], object]], clock: Callable[[], float] = perf_counter
) -> list[Timing]:
    """The times of each run, which take turns; the first one is to be beaten.

    A run that returns False has failed, and is out.
    """
    timings = [Timing()] * len(runs)
    begin, limit = clock(), LEAST_TIME
    running = []
    for number, run in enumerate(runs):  # a first time, in which some do what is done once
        if clock() - begin > limit:
            break
        timings[number] = Timing().after(_sample(run, 1, clock))
        if timings[number].best < math.inf:
            running.append(number)
            if number == 0:
                limit = min(max(LEAST_TIME, CALLS * timings[0].best), MOST_TIME)
    for turn in count(1):
        for number in running:
            repeats = max(1, int(SAMPLE / timings[number].best))
            timings[number] = timings[number].after(_sample(runs[number], repeats, clock))
        running = _still_running(running, timings)
        settled = all(timings[number].settled for number in running)
        if clock() - begin > limit or (settled and (turn >= ROUNDS or len(running) < 2)):
            break
    return timings


def _still_running(running: Sequence[int], timings: Sequence[Timing]) -> list[int]:
    """Those that may still win, and the first until it is sure how long that takes."""
    most = DROP * min(timing.best for timing in timings)
    unsure = 0 if timings[0].best < math.inf and not timings[0].settled else None
    return [n for n in running if n == unsure or timings[n].best <= most < math.inf]


def _sample(run: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    begin = clock()
    for _ in range(repeats):
        if run() is False:
            return math.inf
    return max(clock() - begin, 1e-9) / repeats
