"""The choice of a cut by the cost model, under a limit for the workspace."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from convcore.plugin import Geometry, Operation

from ._cost import transforms
from ._cut import Cut
from ._dense import Dense
from ._memory import DEFAULT_WORKSPACE, largest_block, most_at_once
from ._search import Search, cut_into, likely_tile

# Shortest calls, in expected seconds, that are worth more than one thread: in the transforms of one
# chunk, and for several chunks at once.
WORTH_WORKERS, WORTH_CHUNKS = 2e-3, 4e-3
# Share of the transforms of one chunk at a time, or of everything where chunks are worked on at
# once, that more threads divide.
TRANSFORMS_SHARED, CHUNKS_SHARED = 0.8, 0.65
# Calls, in expected seconds, whose estimate makes the search for the best cut, of about 0.2 ms.
WORTH_SEARCH = 20e-3


class Team(NamedTuple):
    """How many chunks are worked on at once, and how many threads transform each of them."""

    at_once: int
    workers: int

    @property
    def threads(self) -> int:
        """Threads of the whole team, for what is not done chunk by chunk."""
        return self.at_once * self.workers


class Choice(NamedTuple):
    """The cut that an operation runs with, and what is expected of it."""

    cut: Cut
    # Expected time on one thread.
    seconds: float

    def team(self, threads: int) -> Team:
        """At most `threads` at work: on chunks, if there are some and memory, or within each."""
        cut = self.cut
        if not cut.dense.transformed or self.seconds < WORTH_WORKERS:
            return Team(1, 1)
        at_once = min(threads, cut.chunk_count)
        if at_once > 1 and self.seconds >= WORTH_CHUNKS:
            at_once = min(at_once, most_at_once(cut))
            if at_once > 1:
                return Team(at_once, 1)
        return Team(1, threads)

    def seconds_on(self, threads: int) -> float:
        """Expected time of a call that may use `threads`."""
        team = self.team(threads)
        if team.at_once > 1:
            return self.seconds * (1 - CHUNKS_SHARED + CHUNKS_SHARED / team.at_once)
        if team.workers == 1:
            return self.seconds
        return self.seconds - transforms(self.cut) * TRANSFORMS_SHARED * (1 - 1 / team.workers)


def expected_seconds(
    geometry: Geometry, dtype: np.dtype[Any], operation: Operation, threads: int
) -> float:
    """About what a call in the default workspace is expected to take, in `threads` threads.

    Most estimates are of problems that another backend then runs. A search for the best cut is made
    only where a call takes a hundred times as long, or where channels have to be cut into blocks;
    elsewhere a few tiles are looked at, of which the best is seldom more than a twentieth worse
    than what the search finds once the operation runs.
    """
    return _expected(geometry, dtype, operation == "grad_input", threads)


@lru_cache(maxsize=1024)
def _expected(geometry: Geometry, dtype: np.dtype[Any], adjoint: bool, threads: int) -> float:
    dense = Dense(geometry, dtype, DEFAULT_WORKSPACE, adjoint=adjoint)
    tile, expected = likely_tile(dense)
    block = largest_block(dense, tile)
    if expected > WORTH_SEARCH or block != dense.channels:
        return _best(geometry, dtype, adjoint, DEFAULT_WORKSPACE).seconds_on(threads)
    if expected < WORTH_WORKERS or threads == 1:
        return expected
    return Choice(cut_into(dense, tile, block), expected).seconds_on(threads)


def choose(geometry: Geometry, dtype: np.dtype[Any], operation: Operation, limit: int) -> Choice:
    """The cut of least expected time among those whose workspace is at most `limit` bytes.

    Where nothing fits, the cut of least workspace. Thread counts play no part, so that the order
    of summation is the same for all.
    """
    return _best(geometry, dtype, operation == "grad_input", limit)


@lru_cache(maxsize=1024)
def _best(geometry: Geometry, dtype: np.dtype[Any], adjoint: bool, limit: int) -> Choice:
    return Choice(*Search(Dense(geometry, dtype, limit, adjoint=adjoint)).best())
