"""The values that an option can have, and the sentence for those that it cannot."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from ..contract import parse_threads, parse_workspace
from ..errors import OptionError

BackendSpec: TypeAlias = Any  # a name, a Convolution subclass, a tuple of those, or None
AUTOMATIC: BackendSpec = ()  # where None would leave it to what is set further out
Determinism: TypeAlias = bool | Literal["batch"]
ACCURACIES = ("default", "strict")
PLANNINGS = ("estimate", "measure")
PRECISIONS = ("double", "native")


def parsed_options(
    threads: int | None,
    accuracy: str | None,
    max_workspace: int | None,
    deterministic: Determinism | None,
    planning: str | None,
    precision: str | None,
) -> dict[str, Any]:
    """Those options that are named, checked."""
    changes: dict[str, Any] = {}
    if threads is not None:
        changes["threads"] = parse_threads("threads", threads)
    if accuracy is not None:
        changes["accuracy"] = parse_word("accuracy", accuracy, ACCURACIES)
    if max_workspace is not None:
        changes["max_workspace"] = parse_workspace(max_workspace)
    if deterministic is not None:
        changes["deterministic"] = _parse_determinism(deterministic)
    if planning is not None:
        changes["planning"] = parse_word("planning", planning, PLANNINGS)
    if precision is not None:
        changes["precision"] = parse_word("precision", precision, PRECISIONS)
    return changes


def parse_word(name: str, value: object, known: tuple[str, ...]) -> str:
    """`value` if it is one of the words that `name` can have."""
    if not isinstance(value, str) or value not in known:
        raise OptionError(f"{name}: must be one of {', '.join(known)}; got {value!r}")
    return str(value)


def _parse_determinism(value: object) -> Determinism:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value == "batch":
        return "batch"
    raise OptionError(f"deterministic: must be True, False or 'batch'; got {value!r}")
