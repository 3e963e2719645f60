"""The value of every option here and now, and what set it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..contract import usable_processors
from .contexts import context, defaults
from .values import AUTOMATIC, PRECISIONS, BackendSpec, Determinism
from .variables import Environment, environment


class Settings(NamedTuple):
    """Every option that a plan depends on, with its value in force."""

    threads: int
    accuracy: str
    max_workspace: int | None
    deterministic: Determinism
    planning: str = "estimate"


class Provenance(NamedTuple):
    """An option, its value in force, and what set it."""

    option: str
    value: Any
    source: str


def resolve() -> Settings:
    """The options in force here and now."""
    values = {entry.option: entry.value for entry in provenance()}
    return Settings(*(values[name] for name in Settings._fields))


def provenance() -> list[Provenance]:
    """Every option with its value and what set it, the backend first."""
    found, read = context(), environment()
    return [
        backend_in_force(None),
        _threads(found.threads, read),
        _first("accuracy", found.accuracy, read.accuracy, "CONVCORE_ACCURACY", "default"),
        _first("max_workspace", found.max_workspace, None, "", None),
        _first("deterministic", found.deterministic, None, "", False),
        _first("precision", found.precision, None, "", PRECISIONS[0]),
        _first("planning", found.planning, read.planning, "CONVCORE_PLANNING", "estimate"),
        Provenance("wisdom", read.wisdom, "CONVCORE_WISDOM" if read.wisdom else "built in"),
        Provenance("block", sorted(read.block), "CONVCORE_BLOCK" if read.block else "built in"),
    ]


def backend_in_force(argument: BackendSpec) -> Provenance:
    """The backend that is asked for, and by what; None is the automatic choice."""
    candidates = (
        (argument, "argument"),
        (context().backend, "use_backend"),
        (defaults().backend, "set_default_backend"),
        (environment().backend, "CONVCORE_BACKEND"),
    )
    for spec, source in candidates:
        if spec is AUTOMATIC:
            break
        if spec is not None:
            return Provenance("backend", spec, source)
    return Provenance("backend", None, "automatic choice")


def _threads(local: int | None, read: Environment) -> Provenance:
    if local is defaults().threads is read.threads is None:
        return Provenance("threads", *usable_processors())
    return _first("threads", local, read.threads, read.threads_source, None)


def _first(option: str, local: Any, read: Any, variable: str, built_in: Any) -> Provenance:
    default = getattr(defaults(), option)
    for value, source in ((local, "options"), (default, "set_default_options"), (read, variable)):
        if value is not None:
            return Provenance(option, value, source)
    return Provenance(option, built_in, "built in")
