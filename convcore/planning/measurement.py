"""Measured planning: what is expected to be fast is timed, on scratch operands, and the best kept.

Contenders are the backends that are expected within a factor of what is expected best, each in its
own way and, where a batch or a number of threads may change bits, in each of its variants.
What is within a few per cent of the estimate's choice does not replace it, and nothing does
while the machine is so busy that no time is met twice.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .. import registry
from ..contract import Array, Convolution
from ..problem import Geometry, Operation
from . import wisdom
from .candidate import USUAL_BATCH, Candidate, built, takes_batches
from .measured import Measured
from .question import Question
from .race import Timing, race
from .repair import repairing
from .selection import ranked, variants

# How much longer than the best a backend may expect to take, and how many are tried.
FACTOR = 5.0
MOST_BACKENDS = 6
# The share by which a choice has to be faster than one that the estimate prefers.
TIE = 0.05
# Bytes of operands and result beyond which nothing is measured.
MOST_BYTES = 1 << 30
# Elements of the pattern that scratch operands repeat.
_PATTERN = 1 << 16

_turn = threading.Lock()  # two that measure at once would disturb each other


def _release_in_child() -> None:
    global _turn
    _turn = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_in_child)


class Way(NamedTuple):
    """A plan to be timed: of a backend, as it would choose itself or by a variant."""

    backend: str
    variant: str | None
    plan: Convolution


# The times of every backend and variant for each operation.
Times: TypeAlias = Mapping[Operation, Mapping[tuple[str, str | None], Timing]]


def measured(question: Question, *, again: bool = False) -> Measured | None:
    """What is known of a question, which is measured if it is not; None where that is no use."""
    if question.geometry.degenerate or _bytes(question) > MOST_BYTES:
        return None
    found = None if again else wisdom.find(question)
    if found is None:
        with _turn, wisdom.current_wisdom().turn():
            found = None if again else wisdom.find(question)
            found = _measure(question.judged) if found is None else found
    return found


def _bytes(question: Question) -> int:
    geometry = question.geometry
    shapes = geometry.input_shape, geometry.weight_shape, geometry.output_shape
    return question.dtype.itemsize * sum(map(prod, shapes))


def _measure(question: Question) -> Measured | None:
    """Time the contenders and keep the outcome; None where there is one contender.

    Where no batch must show, times are those of one sample among others.
    """
    candidates = list(_contenders(question))
    ways = {
        op: [way for candidate in candidates for way in _ways(candidate, question, op)]
        for op in question.operations
    }
    if all(len(contenders) < 2 for contenders in ways.values()):
        return None
    times = {op: _times(question, op, contenders) for op, contenders in ways.items()}
    found = _decided([candidate.name for candidate in candidates], times)
    if found is not None:
        wisdom.keep(question, found)
    return found


def _contenders(question: Question) -> Iterator[Candidate]:
    """Backends that may be the fastest, built, in the order of the estimate."""
    limit, built_so_far = math.inf, 0
    for candidate, _ in ranked(question):
        out_of_question = candidate.backend is None or candidate.rank[0] > limit
        if out_of_question or built_so_far == MOST_BACKENDS:
            return
        plan = _plan(candidate, _timed(candidate, question))
        if plan is not None:
            if built_so_far == 0 and candidate.seconds is not None:
                limit = FACTOR * candidate.seconds
            built_so_far += 1
            yield candidate._replace(plan=plan)


def _plan(candidate: Candidate, question: Question) -> Convolution | None:
    """The plan of a candidate, if it can be had."""
    try:
        plan = built(candidate, question).plan
    except Exception:  # told where the choice is made
        return None
    return None if plan is None else repairing(plan)


def _timed(candidate: Candidate, question: Question) -> Question:
    """What is timed: of several samples where a backend can take them together all the same."""
    assert candidate.backend is not None, "only what is not refused is timed"
    together = takes_batches(candidate.backend.declaration)
    if question.options.deterministic != "batch" or not together:
        return question
    return question._replace(geometry=replace(question.geometry, batch=USUAL_BATCH))


def _ways(candidate: Candidate, question: Question, operation: Operation) -> Iterator[Way]:
    """In how many ways a backend can run one operation, its own choice first."""
    assert candidate.plan is not None
    yield Way(candidate.name, None, candidate.plan)
    for variant in variants(candidate, question, operation)[1:]:
        plan = _plan(candidate._replace(variants={operation: variant}), question)
        if plan is not None:
            yield Way(candidate.name, variant, plan)


def _times(
    question: Question, operation: Operation, ways: Sequence[Way]
) -> dict[tuple[str, str | None], Timing]:
    """The times of each way, for the samples of the question."""
    most = max(way.plan.geometry.batch for way in ways)
    operands = {
        way.plan.geometry: _scratch(way.plan.geometry, question.dtype, operation) for way in ways
    }
    runs = [_run(way, operation, operands[way.plan.geometry], most) for way in ways]
    share = question.geometry.batch / most
    timings = [Timing(*(share * seconds for seconds in timing)) for timing in _raced(runs)]
    return {(way.backend, way.variant): time for way, time in zip(ways, timings, strict=True)}


def _raced(runs: Sequence[Callable[[], bool]]) -> list[Timing]:
    """The times of a race, whose winner has met the first once more, alone.

    The best of many is partly the luckiest: what counts is the second race, and no other contender
    is then taken for better than its winner.
    """
    timings = race(runs)
    winner = _first_of_the_best({number: timing.best for number, timing in enumerate(timings)})
    if winner != 0:
        first, again = race([runs[0], runs[winner]])
        timings = [max(timing, again) for timing in timings]
        timings[0], timings[winner] = first, again
    return timings


def _run(
    way: Way, operation: Operation, operands: tuple[Array, Array], samples: int
) -> Callable[[], bool]:
    """Calls for so many samples; whether they went well."""
    method, calls = getattr(way.plan, operation), samples // way.plan.geometry.batch

    def run() -> bool:
        try:
            for _ in range(calls):
                method(*operands)
        except Exception as error:
            text = f"raised {type(error).__name__} while it was measured: {error}"
            registry.warn(f"backend '{way.backend}' {text}")
            return False
        return True

    return run


def _scratch(geometry: Geometry, dtype: np.dtype[Any], operation: Operation) -> tuple[Array, Array]:
    """Operands with values of common sizes."""
    rng = np.random.default_rng(0)
    if dtype.kind in "iu":
        pattern = rng.integers(0, 8, _PATTERN).astype(dtype)
    else:
        pattern = rng.standard_normal(_PATTERN).astype(dtype)
    first, second = geometry.operand_shapes(operation)
    return np.resize(pattern, first), np.resize(pattern, second)


def _decided(names: Sequence[str], times: Times) -> Measured | None:
    """The choice; None where the first, which the estimate prefers, could not be timed."""
    own, best = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    chosen: dict[str, dict[Operation, str | None]] = {name: {} for name in names}
    for operation, timings in times.items():
        for name in names:
            mine = {variant: t.best for (backend, variant), t in timings.items() if backend == name}
            variant = chosen[name][operation] = _first_of_the_best(mine)
            own[name] += mine[None]
            best[name] += mine[variant]
    first, winner = names[0], _first_of_the_best(best)
    if own[first] == math.inf:
        return None
    settled = all(
        timings[first, None].settled and timings[winner, chosen[winner][operation]].settled
        for operation, timings in times.items()
    )
    variants = {op: variant for op, variant in chosen[winner].items() if variant is not None}
    return Measured(
        backend=winner if settled else first,
        variants=variants if settled else {},
        best=best[winner] if settled else own[first],
        seconds={name: time for name, time in own.items() if time < math.inf},
        estimate=first,
        settled=settled,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _first_of_the_best(seconds: Mapping[Any, float]) -> Any:
    """The first key whose time is the least one, or a tie with that."""
    least = min(seconds.values())
    return next(key for key, time in seconds.items() if time <= (1 + TIE) * least)
