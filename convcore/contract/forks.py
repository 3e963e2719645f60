"""A gate that a fork waits at: no child is made while a library is where it cannot be left.

A fork copies one thread and the memory of all. What another thread was about stays undone in the
child for ever, with the locks that it held; and a library that stops its threads before a fork may
lose what they were working on in the parent too: OpenBLAS never returns from a product, scipy.fft
raises a RuntimeError.
"""

from __future__ import annotations

import os
import threading


class ForkGate:
    """Counts those inside, for whom `os.fork` waits in every other thread.

    A context manager, which may be entered again by who is inside. Entering costs less than a
    microsecond. Stay inside for a call of a library and no longer, and take no lock there.

    Attributes
    ----------
    inside : int
        How many there are.
    beside_threads : bool
        Whether this process was forked while other threads ran, which may have been inside a
        library without passing here: its locks may be taken for ever.

    Examples
    --------
    >>> with FORK_GATE:
    ...     FORK_GATE.inside
    1
    """

    def __init__(self) -> None:
        self.inside = 0
        self.beside_threads = self._threads = False
        self._changed = threading.Condition(threading.RLock())
        self._own = threading.local()

    def __enter__(self) -> None:
        with self._changed:
            self.inside += 1
            self._own.depth = self._depth + 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self.inside -= 1
            self._own.depth -= 1
            self._changed.notify_all()

    @property
    def _depth(self) -> int:
        """How often this thread is inside: a signal may make it fork there."""
        depth: int = getattr(self._own, "depth", 0)
        return depth

    def close(self) -> None:
        """Let nobody in any more, and wait until only this thread is inside."""
        self._changed.acquire()
        self._changed.wait_for(lambda: self.inside == self._depth)
        self._threads = threading.active_count() > 1

    def open(self) -> None:
        """Undo `close`, in the parent."""
        self._changed.release()

    def open_in_child(self) -> None:
        """Undo `close`, in the child."""
        self.beside_threads |= self._threads
        self.open()


FORK_GATE = ForkGate()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=FORK_GATE.close,
        after_in_parent=FORK_GATE.open,
        after_in_child=FORK_GATE.open_in_child,
    )
