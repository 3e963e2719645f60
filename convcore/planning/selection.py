"""Which backend runs, and why.

Argument > `use_backend` > `set_default_backend` > CONVCORE_BACKEND > automatic choice. A backend
asked for by name runs or raises; nothing falls back silently. In the automatic choice the host
ranks: a backend only answers *can I* (`refusal`) and *how long would it take* (`estimate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import registry, settings
from ..contract import Convolution, Refusal
from ..errors import BackendLoadError, UnknownBackendError, UnsupportedError
from ..problem import Geometry, Operation
from ..registry import checked
from .candidate import Candidate, Problem, judge, judge_automatic, judge_record


def choose(problem: Problem, argument: settings.Spec = None) -> Convolution:
    """The plan that runs `problem`.

    Raises
    ------
    UnsupportedError
        If what was asked for, or in the automatic choice everything, refuses the problem.
    UnknownBackendError, BackendLoadError
        If a name is not known, or its backend could not be loaded.
    """
    spec, _ = asked_for(argument)
    tried = candidates(problem, spec)
    plan = next((candidate.plan for candidate in tried if candidate.plan is not None), None)
    if plan is None:
        raise UnsupportedError(why_none(tried, spec))
    return plan


def asked_for(argument: settings.Spec) -> tuple[settings.Spec, str]:
    """The backend that is asked for, with every name known, and by what; None is automatic."""
    _, spec, source = settings.backend_in_force(check_spec(argument))
    if source == "CONVCORE_BACKEND":
        for name in (spec,) if isinstance(spec, str) else spec:
            registry.find(name, source)
    return spec, source


def candidates(problem: Problem, spec: settings.Spec) -> list[Candidate]:
    """What comes into question, in the order in which it is tried."""
    if spec is None:
        return automatic(problem)
    if isinstance(spec, tuple):
        return [_named(entry, problem) for entry in spec]
    return [_named(spec, problem, strict=True)]


def why_none(tried: Sequence[Candidate], spec: settings.Spec) -> str:
    """The sentence for a problem that none of those tried can run."""
    reasons = [(c.name, c.refusal.text) for c in tried if c.refusal is not None]
    if spec is not None and not isinstance(spec, tuple):
        return f"backend '{reasons[0][0]}' cannot run this problem: {reasons[0][1]}"
    nothing = "no backend" if spec is None else "none of those asked for"
    told = "; ".join(f"{name}: {text}" for name, text in reasons) or "none is installed"
    return f"backend: {nothing} can run this problem; {told}"


def automatic(problem: Problem) -> list[Candidate]:
    """Every backend, the runnable ones first in the order of the host's choice."""
    judged = [judge_automatic(record, problem) for record in registry.records()]
    runnable = [candidate for candidate in judged if candidate.plan is not None]
    refused = [candidate for candidate in judged if candidate.plan is None]
    return sorted(runnable, key=lambda candidate: candidate.rank) + refused


def _named(spec: settings.Spec, problem: Problem, *, strict: bool = False) -> Candidate:
    """Candidate for a name or a class; where `strict`, a backend that cannot be loaded raises."""
    if not isinstance(spec, str):
        backend = _class(spec)
        return judge(backend.name, backend, problem, factory=backend)
    record = registry.find(spec)
    try:
        return judge_record(record, problem)
    except BackendLoadError:
        if strict:
            raise
        return Candidate(record.name, refusal=Refusal(record.state.upper(), record.reason))


def check_spec(spec: settings.Spec) -> settings.Spec:
    """`spec` with a list as a tuple, once every name in it is known to be installed."""
    if isinstance(spec, list | tuple):
        if not spec:
            raise UnknownBackendError(f"backend: must name at least one; got {spec!r}")
        return tuple(_check_entry(entry) for entry in spec)
    return None if spec is None else _check_entry(spec)


def _check_entry(spec: Any) -> str | type[Convolution]:
    if isinstance(spec, str):
        registry.find(spec)
        return spec
    return _class(spec)


def _class(spec: Any) -> type[Convolution]:
    if not isinstance(spec, type):
        raise UnknownBackendError(
            f"backend: must be a name, a Convolution subclass or a list of those; got {spec!r}"
        )
    try:
        return checked(spec)
    except TypeError as error:
        raise UnknownBackendError(str(error)) from None


def use_backend(backend: settings.Spec) -> Any:
    """Backend for every call inside a `with` block that does not name one itself.

    Parameters
    ----------
    backend : str, Convolution subclass, list of those, or None
        What runs; a list is an ordered fallback; None leaves things as they are.

    Raises
    ------
    UnknownBackendError
        If a name is not known, at once.

    Examples
    --------
    >>> import convcore
    >>> with convcore.use_backend("naive"):
    ...     convcore.plan((1, 1, 8), (1, 1, 3)).name
    'naive'
    """
    spec = check_spec(backend)
    return settings.overriding(**({} if spec is None else {"backend": spec}))


def set_default_backend(backend: settings.Spec) -> None:
    """Backend of this process where neither argument nor `use_backend` names one; None resets.

    Raises
    ------
    UnknownBackendError
        If a name is not known.
    """
    settings.set_default(check_spec(backend))


def problem_of(geometry: Geometry, dtype: np.dtype[Any], operation: Operation | None) -> Problem:
    """Problem under the options that are in force."""
    return Problem(geometry, dtype, operation, settings.resolve())
