"""Work on several chunks at once, in Python threads that live as long as the call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock, Thread
from typing import Generic, TypeVar

import numpy as np

Job = TypeVar("Job")


class _Queue(Generic[Job]):
    """Hands each of some jobs to one of the threads that ask."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs, self._lock = iter(jobs), Lock()

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        with self._lock:
            return next(self._jobs)

    def close(self) -> None:
        """There is nothing more to do."""
        with self._lock:
            self._jobs = iter(())


def share(work: Callable[[Iterator[Job]], None], jobs: Iterable[Job], threads: int) -> None:
    """Run `work` in `threads` threads, of which the caller's is one, on jobs that they share.

    `work` takes an iterator, which gives every job to one thread only. SciPy and NumPy release
    the GIL in all that takes long. Where no thread can be had, those there are do everything.
    """
    if threads == 1:
        with _silence():
            work(iter(jobs))
        return
    queue, errors = _Queue(jobs), list[BaseException]()

    def take_part() -> None:
        try:
            with _silence():
                work(iter(queue))
        except BaseException as error:
            queue.close()
            errors.append(error)

    helpers: list[Thread] = []
    try:
        _start(helpers, take_part, threads - 1)
        take_part()
        _join(helpers)
    except BaseException:  # of a signal's handler: what was begun is ended before it goes on
        queue.close()
        _join(helpers)
        raise
    if errors:
        raise errors[0]


def _silence() -> np.errstate:
    """What is not finite spreads, and numpy need not say so from in here."""
    return np.errstate(invalid="ignore", over="ignore")


def _start(helpers: list[Thread], target: Callable[[], None], count: int) -> None:
    """Add at most `count` threads that run `target`."""
    for _ in range(count):
        helper = Thread(target=target)
        try:
            helper.start()
        except RuntimeError:
            break
        helpers.append(helper)


def _join(helpers: list[Thread]) -> None:
    for helper in helpers:
        helper.join()
