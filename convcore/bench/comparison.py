"""One run: every contender on every task, checked against each other, then timed in turns."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from itertools import count

import numpy as np

from .. import __version__
from ..plugin import Array, Operation
from ..settings import options
from ..terminal import Progress
from ..testing import Problem, operands
from . import contenders, roofline
from .agreement import disagreement
from .contenders import Contender, Entry, Refused, Task
from .peers import connect
from .race import Runner, clock, race
from .results import Comparison, Result


@dataclass(frozen=True)
class Request:
    """What to compare.

    Parameters
    ----------
    problems : sequence of Problem
        From the catalogue.
    operations : sequence of {"forward", "grad_input", "grad_weight"}
        Which of the three.
    backends : list of str, optional
        By name, "auto" for the automatic choice; by default all that it may pick.
    against : sequence of str
        Peers by name.
    dtype : {"float32", "float64"}
        Dtype of the operands.
    threads : int
        Threads of everybody.
    rounds : int
        Turns of each contender on each task, of up to 20 samples.
    limit : float
        Seconds that one contender may spend on one task; who needs more than twice as many for
        one call, by estimate or by extrapolation, is not started.
    """

    problems: Sequence[Problem]
    operations: Sequence[Operation]
    backends: list[str] | None
    against: Sequence[str]
    dtype: str
    threads: int
    rounds: int
    limit: float


def compare(request: Request, report: Progress) -> Comparison:
    """Run everything that was asked for; Ctrl-C ends it with the tasks that are done.

    Raises
    ------
    UnknownBackendError, BackendLoadError
        If a backend that is named is not there, or there is no adapter for a peer.
    """
    field = contenders.backends(request.backends)
    with options(threads=request.threads), _blas_threads(request.threads) as notes:
        peers, absent = connect(request.against, request.threads)
        field += map(contenders.peer, peers)
        run = _Run(request, field, report)
        run.all()
    versions = _versions() | {entry.name: entry.version for entry in field if entry.version}
    return Comparison(
        dtype=request.dtype,
        threads=request.threads,
        roofline=run.roofline,
        versions=versions,
        absent=absent,
        notes=notes,
        results=run.results,
        interrupted=run.interrupted,
    )


@contextmanager
def _blas_threads(threads: int) -> Iterator[list[str]]:
    """Tell NumPy's BLAS of the number of threads, or note that nobody could."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        yield ["BLAS runs on its own number of threads: threadpoolctl is not installed"]
        return
    with threadpool_limits(threads, "blas"):
        yield []


def _versions() -> dict[str, str | None]:
    return {
        "convcore": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SciPy": metadata.version("scipy"),
        "platform": platform.platform(terse=True),
    }


@dataclass(frozen=True)
class _Started:
    """A contender on one task: ready to be timed, or with the reason why not."""

    contender: Contender
    entry: Entry | None = None
    runner: Runner | None = None
    reason: str | None = None
    wrong: bool = False

    def result(self, task: Task) -> Result:
        return Result(
            problem=task.problem.name,
            operation=task.operation,
            contender=self.contender.name,
            kind=self.contender.kind,
            geometry=task.geometry,
            seconds=tuple(self.runner.seconds) if self.runner else (),
            workspace=self.entry.workspace if self.entry else None,
            backend=self.entry.backend if self.entry else None,
            expected=self.entry.expected if self.entry else None,
            reason=self.reason,
            wrong=self.wrong,
        )


class _Run:
    """All tasks in turn, and the roofline measured after each of them."""

    def __init__(self, request: Request, field: list[Contender], report: Progress) -> None:
        self.request, self.field, self.report = request, field, report
        self.roofline = roofline.measure(request.dtype, request.threads)
        self.results: list[Result] = []
        self.interrupted = False

    def all(self) -> None:
        """Run everything, or what there is time for until the user interrupts."""
        names = [(p, op) for p in self.request.problems for op in self.request.operations]
        try:
            for index, (problem, operation) in enumerate(names):
                pair = operands("random", problem.geometry, self.request.dtype, operation)
                task = Task(problem, operation, *pair)
                self._one(task, self._tick(task, index, len(names)))
        except KeyboardInterrupt:
            self.interrupted = True

    def _one(self, task: Task, tick: Callable[[], object]) -> None:
        self.results += _TaskRun(task, self.request, tick).run(self.field)
        now = roofline.measure(self.request.dtype, self.request.threads)
        self.roofline = self.roofline.better(now)

    def _tick(self, task: Task, index: int, tasks: int) -> Callable[[], object]:
        """What reports one step more; a contender that does not take part leaves steps out."""
        each = len(self.field) * (self.request.rounds + 1)
        steps = count(index * each + 1)
        return lambda: self.report(next(steps), tasks * each, task.title)


class _TaskRun:
    """One task: who can run it, who agrees with the first that does, and how fast they are."""

    def __init__(self, task: Task, request: Request, tick: Callable[[], object]) -> None:
        self.task, self.request, self.tick = task, request, tick
        self.reference: Array | None = None

    def run(self, field: list[Contender]) -> list[Result]:
        """The results of all contenders, in their order."""
        started = [self._start(contender) for contender in field]
        runners = [each.runner for each in started if each.runner]
        race(runners, self.request.rounds, self.request.limit, self.tick)
        return [each.result(self.task) for each in started]

    def _start(self, contender: Contender) -> _Started:
        self.tick()
        try:
            return self._check(contender, contender.enter(self.task))
        except Refused as refusal:
            return _Started(contender, reason=str(refusal))
        except Exception as error:
            return _Started(contender, reason=f"raised {error!r}", wrong=True)

    def _check(self, contender: Contender, entry: Entry) -> _Started:
        """Run the contender, hold its result against that of the first, and time a second call.

        If the limit has no room for a second, the first counts, with all that it does only once.
        """
        if entry.expected is not None and entry.expected > 2 * self.request.limit:
            reason = f"a call would take about {entry.expected:.0f} s"
            return _Started(contender, entry, reason=reason)
        start = time.perf_counter()
        result = entry.call()
        spent, got = time.perf_counter() - start, entry.array(result)
        self.reference = got if self.reference is None else self.reference
        difference = disagreement(self.task, got, self.reference)
        if difference is not None:
            return _Started(contender, entry, reason=difference, wrong=True)
        slow = spent > self.request.limit / 2
        return _Started(contender, entry, Runner(entry.call, spent if slow else clock(entry.call)))
