"""Timing side by side, A B C A B C: all meet the same noise.

A turn has three parts. It begins with silence: libraries let idle threads spin for a while, and on
few processors these would slow whoever comes next. For how long differs from library to library
(OpenBLAS and ONNX Runtime burn 50 to 70 ms after every call, libgomp 10 to 20), so a turn waits
until the process uses no processor time. `OMP_WAIT_POLICY=passive` would not do: it slows whoever
opens several regions in one call (tiny layers in torch by three to six times), and reaches OpenMP
alone. Then come calls that are not timed: they wake the contender's own threads, which may start
on the processor of the one that waits for them, and bring its data back into the caches. Only
then batches of calls are timed, each long enough for the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

# Slices of time in which silence is looked for, how many at most, and the part of one that the
# process may still use.
_SLICE_SECONDS, _SLICES, _SILENT = 1e-2, 30, 0.05
_WARM_SECONDS, _WARM_CALLS = 1e-2, 3
_BATCH_SECONDS = 1e-4
_TURN_SECONDS = 3e-2
_TURN_BATCHES, _LEAST_BATCHES = 20, 5


@dataclass
class Runner:
    """A call that took `first` seconds, with its samples: seconds per call of each batch."""

    call: Callable[[], Any]
    first: float
    seconds: list[float] = field(default_factory=list)
    spent: float = 0.0

    @property
    def least(self) -> float:
        """The shortest time seen."""
        return min([self.first, *self.seconds])

    @property
    def upcoming(self) -> float:
        """Least seconds that another turn would take."""
        return (_LEAST_BATCHES + (0 if self._warms_itself else _WARM_CALLS)) * self.least

    @property
    def _warms_itself(self) -> bool:
        """Whether a call is so long that what happens once at its start does not matter."""
        return self.least > 10 * _WARM_SECONDS

    def turn(self) -> None:
        """Take samples for one round."""
        silence()
        start = time.perf_counter()
        count = ceil(_BATCH_SECONDS / min(self._warm_up(), self.least))
        timed = time.perf_counter()
        for taken in range(1, _TURN_BATCHES + 1):
            self.seconds.append(clock(self.call, count))
            if taken >= _LEAST_BATCHES and time.perf_counter() - timed > _TURN_SECONDS:
                break
        self.spent += time.perf_counter() - start

    def _warm_up(self) -> float:
        """Seconds of the fastest of a few calls."""
        if self._warms_itself:
            return self.least
        start = time.perf_counter()
        seconds: list[float] = []
        while len(seconds) < _WARM_CALLS or time.perf_counter() - start < _WARM_SECONDS:
            seconds.append(clock(self.call))
        return min(seconds)


def silence() -> None:
    """Wait until the threads of this process sleep, 0.3 s at most."""
    for _ in range(_SLICES):
        wall, used = time.perf_counter(), time.process_time()
        time.sleep(_SLICE_SECONDS)
        if time.process_time() - used < _SILENT * (time.perf_counter() - wall):
            return


def clock(call: Callable[[], Any], count: int = 1) -> float:
    """Seconds of one call, the mean of `count`."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def race(runners: list[Runner], rounds: int, limit: float, tick: Callable[[], object]) -> None:
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
            if runner.spent + runner.upcoming <= limit:
                runner.turn()
            tick()
    for runner in runners:
        if not runner.seconds:
            runner.seconds.append(runner.first)
