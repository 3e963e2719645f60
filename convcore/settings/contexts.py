"""What `with` blocks and `set_defaults` have set.

All state that a `with` block changes lives in one ContextVar as an immutable tuple, so that it is
right under threads, asyncio tasks and nesting.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from .values import BackendSpec, Determinism, parsed_options


class Context(NamedTuple):
    """What `with` blocks have set; None stands for not set."""

    backend: BackendSpec = None
    threads: int | None = None
    accuracy: str | None = None
    max_workspace: int | None = None
    deterministic: Determinism | None = None
    planning: str | None = None
    precision: str | None = None


_NOTHING_SET = Context()
_context: ContextVar[Context] = ContextVar("convcore", default=_NOTHING_SET)
_defaults = _NOTHING_SET
_default_key = object()


context = _context.get  # what the enclosing `with` blocks have set


def default_key() -> object:
    """Another object after each `set_defaults`, so that a cache can tell when it is out of date."""
    return _default_key


def defaults() -> Context:
    """What `set_defaults` has set for the process; None where nothing is."""
    return _defaults


def set_defaults(changed: Context) -> None:
    """Set what is in force where neither argument nor `with` says anything."""
    global _defaults, _default_key
    _defaults = changed
    _default_key = object()  # comes last: who sees the new key never sees the old defaults


@contextmanager
def overriding(**changes: Any) -> Iterator[None]:
    """Set the named options inside the `with` block and leave all others as they are."""
    token = _context.set(_context.get()._replace(**changes))
    try:
        yield
    finally:
        _context.reset(token)


def options(
    *,
    threads: int | None = None,
    accuracy: str | None = None,
    max_workspace: int | None = None,
    deterministic: Determinism | None = None,
    planning: str | None = None,
    precision: str | None = None,
) -> AbstractContextManager[None]:
    """Options for every plan made inside a `with` block; what is not named stays as it was.

    Without a `with` they have no effect: for a whole process there is `set_default_options`.

    Parameters
    ----------
    threads : int, optional
        Threads a call may use.
    accuracy : {"default", "strict"}, optional
        "default" admits backends with a normwise error bound to the automatic choice where they
        declare errors of at most 1e-5 of the largest result; "strict" admits none of those, and
        none that lets NaN and Inf spread.
    max_workspace : int, optional
        Bytes of workspace a backend may allocate in a call; copies that make its operands
        what it takes (padding modes, layout) come on top.
    deterministic : bool or "batch", optional
        True admits only backends to the automatic choice that give the same bits for every
        number of threads. "batch" asks for more: a sample has the same bits alone, in any batch
        and at any place in it; where a backend does not see to that itself, samples run one by one.
    planning : {"estimate", "measure"}, optional
        How the automatic choice is made: by what backends expect, or by what was measured on this
        machine. What is not known yet is measured when it is first planned, which takes up to a
        second or a few calls, and kept for other processes; see `convcore.wisdom`. The other
        options restrict the choice all the same.
    precision : {"double", "native"}, optional
        Of the filters in `convcore.scipy.ndimage`: "double" sums all numbers in double and rounds
        once, as SciPy does; "native" sums float32 in float32.

    Examples
    --------
    >>> import convcore
    >>> with convcore.options(threads=1):
    ...     convcore.plan((1, 1, 8), (1, 1, 3)).threads
    1
    """
    changes = parsed_options(threads, accuracy, max_workspace, deterministic, planning, precision)
    return overriding(**changes)
