"""Checks of repetition and of threads, a backend's own and those that call it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import cycle, pairwise
from typing import Any

import numpy as np

from ...plugin import OPERATIONS, Array, Convolution, Geometry, UnsupportedError
from ..cases import Case
from ..catalogue.problems import ALONE, BRIEF, LARGE
from ..check import Profile, check, first, floats, geometries, over
from ..failures import CheckFailure, NotApplicable, describe, expected, require_close
from .arrays import between_guards

CALLERS = 8
# Calls of each thread in a race; thread switches are forced every few microseconds meanwhile.
ROUNDS = 3
SWITCH_SECONDS = 5e-6
# Callers that wait for each other for ever are given up after this.
PATIENCE_SECONDS = 60.0
BUSY = Geometry.of((2, 6, 20, 22), (6, 3, 3, 3), padding=1, groups=2)
RACED = [BUSY, *(ALONE[name].geometry for name in ("1d.long", "2d+everything"))]
RACED_LATER = [ALONE[name].geometry for name in ("2d+pointwise", "3d+depthwise")]
REPEATED = {**BRIEF, **LARGE}
BATCHES = [geometry for geometry in geometries(REPEATED) if geometry.batch > 1]
# Sums of 8192 products, in the gradient of the weight, are worth sharing among threads.
SHARED_SUMS = Geometry.of((2, 1, 64, 64), (2, 1, 3, 3), padding=1)


@check(over(floats, rotate=REPEATED, later=ALONE, data="random"))
def repeatable(case: Case) -> None:
    """The same call gives the same bits again, from the same plan and from a new one."""
    if case.backend.declaration.deterministic == "no":
        raise NotApplicable("the backend declares deterministic='no'")
    want = case.call()
    case.require_same(case.call(), want, "second result of a plan")
    case.call(*case.variant(seed=1).operands())
    case.require_same(case.call(), want, "result of a plan after other data")
    case.require_same(case.variant().call(), want, "result of a second plan")
    moved = map(between_guards, case.operands())
    case.require_same(case.call(*moved), want, "result of operands aligned otherwise")


@check(over(floats, rotate=REPEATED, turns=[SHARED_SUMS], later=ALONE))
def thread_counts(case: Case) -> None:
    """1, 2, 3 and 4 threads give the same result, to the last bit where that is declared."""
    declared = case.backend.declaration.deterministic == "any_threads"
    tried = case.variant(data="random") if declared else case
    alone = tried.variant(threads=1).call()
    for threads in (2, 3, 4):
        got, what = tried.variant(threads=threads).call(), f"result of {threads} threads against 1"
        if declared:
            tried.require_same(got, alone, what)
        else:
            require_close(got, alone, 2 * case.tolerance, what)


@check(over(floats, rotate=BATCHES, data="random"))
def batch_invariance(case: Case) -> None:
    """A sample has the same bits alone and at any place of a batch, where that is declared."""
    declared = case.backend.declaration
    if "batch_invariant" in declared.capabilities:
        case = case.variant(batch_invariant=True)
    else:
        with expected((UnsupportedError, TypeError), "batch_invariant=True"):
            case.backend(case.geometry, case.dtype, batch_invariant=True)
        if not declared.batch_invariant:
            raise NotApplicable("the backend does not declare batch invariance")
    if case.operation == "grad_weight":
        raise NotApplicable("the gradient with respect to the weight sums over the batch")
    _require_same_bits(case)


def _require_same_bits(case: Case) -> None:
    """Fail unless each sample comes out of the batch as it does alone."""
    batch, weight = case.operands()
    together, turned = case.call(batch, weight), case.call(batch[::-1].copy(), weight)[::-1]
    single = case.variant(geometry=replace(case.geometry, batch=1)).required()
    for n, sample in enumerate(np.split(batch, len(batch))):
        alone = single.call(sample.copy(), weight)
        for where, found in (
            ("in the batch", together[n, None]),
            ("turned round", turned[n, None]),
        ):
            if found.tobytes() != alone.tobytes():
                told = describe(found, alone)
                raise CheckFailure(f"sample {n} {where}: must have the bits it has alone; {told}")


@check(over(floats, rotate=RACED, later=RACED_LATER))
def concurrent_calls(case: Case) -> float:
    """Eight Python threads at once, sharing a plan, operands, or nothing, get it right."""
    alike = [case.variant(seed=seed) for seed in range(CALLERS)]
    possible = [op for op in OPERATIONS if case.variant(operation=op).refusal() is None]
    turns = zip(alike, cycle(possible), strict=False)
    mixed = [caller.variant(operation=operation) for caller, operation in turns]
    # A plan that meets all the callers with its very first call.
    shared = _race(mixed, case.variant().plan)
    crowded = _race([case] * CALLERS, case.plan, case.operands())
    return max(shared, crowded, _race(alike))


def _race(
    jobs: Sequence[Case],
    plan: Convolution | None = None,
    operands: tuple[Array, Array] | None = None,
) -> float:
    """Largest error of all `jobs` at once, on one plan and one pair of operands where given."""

    def call(job: Case, pair: tuple[Array, Array]) -> list[Array]:
        method = getattr(plan or job.plan, job.operation)
        return [method(*pair) for _ in range(ROUNDS)]

    calls = [partial(call, job, operands or job.operands()) for job in jobs]
    found = zip(jobs, at_once(calls), strict=True)
    return max(job.require_right(result) for job, results in found for result in results)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Results of `calls`, each in a Python thread of its own, with frequent thread switches."""
    results: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []
    start = threading.Barrier(len(calls))

    def run(index: int) -> None:
        try:
            start.wait()
            results[index] = calls[index]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(calls))]
    with _frequent_switches():
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        raise CheckFailure(f"{len(calls)} threads at once are stuck")
    if errors:
        raise CheckFailure(f"a call in one of {len(calls)} threads raised {errors[0]!r}")
    return results


@contextmanager
def _frequent_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


# A call that lasts this long shows whether another thread runs meanwhile.
LONG_SECONDS = 0.06
# The other thread may stand still for this part of the call at a time, as on a busy machine.
HELD_SHARE = 0.4
ATTEMPTS = 5
# Size of the largest problem that is tried: some 10 GFLOP.
MOST_SAMPLES, MOST_CHANNELS = 128, 64


def _problem(ranks: range, samples: int, channels: int) -> Geometry:
    """A problem of so much work, of spatial rank 2 where that is declared."""
    rank = 2 if 2 in ranks else min(ranks)
    extents, kernel = (round(1024 ** (1 / rank)),) * rank, (3,) * rank
    return Geometry.of((samples, channels, *extents), (channels, channels, *kernel), padding=1)


def _small_call(backend: type[Convolution], profile: Profile) -> Iterable[Case]:
    return over(first, [_problem(backend.declaration.ranks, 1, 4)])(backend, profile)


@check(_small_call)
def releases_gil(case: Case) -> None:
    """Another Python thread makes progress all through one long call."""
    if not case.backend.declaration.releases_gil:
        raise NotApplicable("the backend declares releases_gil=False")
    if not has_gil():
        raise NotApplicable("this interpreter has no GIL")
    case.call()  # The first call of all may load libraries, and is no measure of work.
    call, stall, seconds = _long_call(case)
    for _ in range(ATTEMPTS):
        if stall <= HELD_SHARE * seconds:
            return
        stall, seconds = longest_stall(call)
    raise CheckFailure(f"another thread stood still for {stall:.3f} s of a call of {seconds:.3f} s")


def has_gil() -> bool:
    """Whether this interpreter runs one thread at a time, as all did before free threading."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def _long_call(case: Case) -> tuple[Callable[[], Any], float, float]:
    """A call that is long enough, by problems of growing work, with its longest stall and time."""
    samples, channels = 1, case.geometry.in_channels
    while True:
        geometry = _problem(case.backend.declaration.ranks, samples, channels)
        long = case.variant(geometry=geometry).required()
        # Constants, as what is in these large arrays plays no part, and drawing them takes long.
        shapes = geometry.operand_shapes(case.operation)
        call = partial(long.call, *(np.ones(shape, case.dtype) for shape in shapes))
        stall, seconds = longest_stall(call)
        if seconds >= LONG_SECONDS or samples >= MOST_SAMPLES:
            return call, stall, seconds
        if channels < MOST_CHANNELS:
            channels *= 4
        else:
            wanted = 1 + int(1.2 * samples * LONG_SECONDS / seconds)
            samples = min(max(2 * samples, wanted), MOST_SAMPLES)


def longest_stall(call: Callable[[], Any]) -> tuple[float, float]:
    """Longest time between two steps of a second thread while `call` ran, and how long it ran."""
    steps: list[float] = []
    stop = threading.Event()

    def step() -> None:
        while not stop.is_set():
            steps.append(time.perf_counter())
            time.sleep(1e-4)

    thread = threading.Thread(target=step)
    thread.start()
    try:
        began = time.perf_counter()
        call()
        ended = time.perf_counter()
    finally:
        stop.set()
        thread.join()
    during = [began, *(moment for moment in steps if began < moment < ended), ended]
    return max(after - before for before, after in pairwise(during)), ended - began
