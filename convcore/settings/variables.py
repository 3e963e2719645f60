"""The environment variables that convcore reads, at the first use and never at import."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import NamedTuple

from ..contract import MOST_THREADS, parse_threads
from ..errors import OptionError
from .values import ACCURACIES, PLANNINGS, BackendSpec, parse_word


class Environment(NamedTuple):
    """The variables that convcore reads, parsed; None where one is not set.

    `wisdom` is "off", "ro" or a path; `record` is a path.
    """

    backend: BackendSpec
    block: frozenset[str]
    accuracy: str | None
    threads: int | None
    threads_source: str
    planning: str | None
    wisdom: str | None
    record: str | None


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment variables, read and parsed at the first call."""
    threads, source = _threads()
    names = _names("CONVCORE_BACKEND")
    return Environment(
        backend=names[0] if len(names) == 1 else names or None,
        block=frozenset(_names("CONVCORE_BLOCK")),
        accuracy=_word("CONVCORE_ACCURACY", ACCURACIES),
        threads=threads,
        threads_source=source,
        planning=_word("CONVCORE_PLANNING", PLANNINGS),
        wisdom=_variable("CONVCORE_WISDOM"),
        record=_variable("CONVCORE_RECORD"),
    )


def _variable(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _word(name: str, known: tuple[str, ...]) -> str | None:
    value = _variable(name)
    return value and parse_word(name, value, known)


def _names(variable: str) -> tuple[str, ...]:
    parts = (_variable(variable) or "").split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _threads() -> tuple[int | None, str]:
    own = _variable("CONVCORE_NUM_THREADS")
    if own is not None:
        if not own.isdecimal() or int(own) < 1:
            raise OptionError(f"CONVCORE_NUM_THREADS: must be a positive integer; got {own!r}")
        return parse_threads("CONVCORE_NUM_THREADS", int(own)), "CONVCORE_NUM_THREADS"
    # OMP_NUM_THREADS belongs to others and may hold a list of nesting levels: take what is plain.
    first = (_variable("OMP_NUM_THREADS") or "").split(",")[0].strip()
    threads = int(first) if first.isdecimal() else 0
    return (threads, "OMP_NUM_THREADS") if 0 < threads <= MOST_THREADS else (None, "")
