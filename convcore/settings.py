"""Options and where their values come from: argument, context, process default, environment.

All state that a `with` block changes lives in one ContextVar as an immutable tuple, so that it is
right under threads, asyncio tasks and nesting. The environment is read at the first use, never at
import; `refresh` reads it again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from .contract import MOST_THREADS, parse_threads, parse_workspace, usable_processors
from .errors import OptionError

BackendSpec: TypeAlias = Any  # a name, a Convolution subclass, a tuple of those, or None
AUTOMATIC: BackendSpec = ()  # where None would leave it to what is set further out
Determinism: TypeAlias = bool | Literal["batch"]
ACCURACIES = ("default", "strict")
PRECISIONS = ("double", "native")


class Context(NamedTuple):
    """What `with` blocks have set; None stands for not set."""

    backend: BackendSpec = None
    threads: int | None = None
    accuracy: str | None = None
    max_workspace: int | None = None
    deterministic: Determinism | None = None
    precision: str | None = None


class Settings(NamedTuple):
    """Every option that a plan depends on, with its value in force."""

    threads: int
    accuracy: str
    max_workspace: int | None
    deterministic: Determinism


class Provenance(NamedTuple):
    """An option, its value in force, and what set it."""

    option: str
    value: Any
    source: str


class Environment(NamedTuple):
    """The variables that convcore reads, parsed."""

    backend: BackendSpec
    block: frozenset[str]
    accuracy: str | None
    threads: int | None
    threads_source: str


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
    precision: str | None = None,
) -> AbstractContextManager[None]:
    """Options for every plan made inside a `with` block; what is not named stays as it was.

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
    return overriding(**parsed_options(threads, accuracy, max_workspace, deterministic, precision))


def parsed_options(
    threads: int | None,
    accuracy: str | None,
    max_workspace: int | None,
    deterministic: Determinism | None,
    precision: str | None,
) -> dict[str, Any]:
    """Those options that are named, checked."""
    changes: dict[str, Any] = {}
    if threads is not None:
        changes["threads"] = parse_threads("threads", threads)
    if accuracy is not None:
        changes["accuracy"] = _one_of(ACCURACIES, "accuracy", accuracy)
    if max_workspace is not None:
        changes["max_workspace"] = parse_workspace(max_workspace)
    if deterministic is not None:
        changes["deterministic"] = _parse_determinism(deterministic)
    if precision is not None:
        changes["precision"] = _one_of(PRECISIONS, "precision", precision)
    return changes


def resolve() -> Settings:
    """The options in force here and now."""
    values = {entry.option: entry.value for entry in provenance()}
    return Settings(*(values[name] for name in Settings._fields))


def provenance() -> list[Provenance]:
    """Every option with its value and what set it, the backend first."""
    found, read = _context.get(), environment()
    return [
        backend_in_force(None),
        _threads(found.threads, read),
        _first("accuracy", found.accuracy, read.accuracy, "CONVCORE_ACCURACY", "default"),
        _first("max_workspace", found.max_workspace, None, "", None),
        _first("deterministic", found.deterministic, None, "", False),
        _first("precision", found.precision, None, "", PRECISIONS[0]),
        Provenance("block", sorted(read.block), "CONVCORE_BLOCK" if read.block else "built in"),
    ]


def backend_in_force(argument: BackendSpec) -> Provenance:
    """The backend that is asked for, and by what; None is the automatic choice."""
    candidates = (
        (argument, "argument"),
        (_context.get().backend, "use_backend"),
        (_defaults.backend, "set_default_backend"),
        (environment().backend, "CONVCORE_BACKEND"),
    )
    for spec, source in candidates:
        if spec is AUTOMATIC:
            break
        if spec is not None:
            return Provenance("backend", spec, source)
    return Provenance("backend", None, "automatic choice")


def _threads(local: int | None, read: Environment) -> Provenance:
    if local is _defaults.threads is read.threads is None:
        return Provenance("threads", *usable_processors())
    return _first("threads", local, read.threads, read.threads_source, None)


def _first(option: str, local: Any, read: Any, variable: str, built_in: Any) -> Provenance:
    default = getattr(_defaults, option)
    for value, source in ((local, "options"), (default, "set_default_options"), (read, variable)):
        if value is not None:
            return Provenance(option, value, source)
    return Provenance(option, built_in, "built in")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment variables, read and parsed at the first call."""
    accuracy = _variable("CONVCORE_ACCURACY")
    threads, source = _environment_threads()
    names = _names("CONVCORE_BACKEND")
    return Environment(
        backend=names[0] if len(names) == 1 else names or None,
        block=frozenset(_names("CONVCORE_BLOCK")),
        accuracy=accuracy and _one_of(ACCURACIES, "CONVCORE_ACCURACY", accuracy),
        threads=threads,
        threads_source=source,
    )


def _variable(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _names(variable: str) -> tuple[str, ...]:
    parts = (_variable(variable) or "").split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _environment_threads() -> tuple[int | None, str]:
    own = _variable("CONVCORE_NUM_THREADS")
    if own is not None:
        if not own.isdecimal() or int(own) < 1:
            raise OptionError(f"CONVCORE_NUM_THREADS: must be a positive integer; got {own!r}")
        return parse_threads("CONVCORE_NUM_THREADS", int(own)), "CONVCORE_NUM_THREADS"
    # OMP_NUM_THREADS belongs to others and may hold a list of nesting levels: take what is plain.
    first = (_variable("OMP_NUM_THREADS") or "").split(",")[0].strip()
    threads = int(first) if first.isdecimal() else 0
    return (threads, "OMP_NUM_THREADS") if 0 < threads <= MOST_THREADS else (None, "")


def _one_of(choices: tuple[str, ...], name: str, value: object) -> str:
    if not isinstance(value, str) or value not in choices:
        raise OptionError(f"{name}: must be one of {', '.join(choices)}; got {value!r}")
    return str(value)


def _parse_determinism(value: object) -> Determinism:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value == "batch":
        return "batch"
    raise OptionError(f"deterministic: must be True, False or 'batch'; got {value!r}")
