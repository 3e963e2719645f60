"""Which backend runs, and why.

Argument > `use_backend` > `set_default_backend` > CONVCORE_BACKEND > automatic choice. A backend
asked for by name runs or raises; nothing falls back silently. In the automatic choice the host
ranks: a backend only answers *can I* (`refusal`) and *how long would it take* (`estimate`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import registry, settings
from .convolution import Convolution
from .declaration import Declaration, Refusal
from .errors import BackendLoadError, UnknownBackendError, UnsupportedError
from .geometry import OPERATIONS, Geometry, Operation
from .record import Record, checked, warn


class Problem(NamedTuple):
    """What is to be computed, and under which options."""

    geometry: Geometry
    dtype: np.dtype[Any]
    operation: Operation | None  # None: all three
    options: settings.Settings

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations that have to run."""
        return OPERATIONS if self.operation is None else (self.operation,)


@dataclass(frozen=True)
class Candidate:
    """One backend held against a problem: a plan ready to run, or the refusal."""

    name: str
    plan: Convolution | None = None
    refusal: Refusal | None = None
    seconds: float | None = None
    workspace: int | None = None

    @property
    def rank(self) -> tuple[float, str]:
        """Sort key: the estimate, unknown ones last, ties by name."""
        return (math.inf if self.seconds is None else self.seconds, self.name)


def choose(problem: Problem, argument: settings.Spec = None) -> Convolution:
    """The plan that runs `problem`.

    Raises
    ------
    UnsupportedError
        If what was asked for, or in the automatic choice everything, refuses the problem.
    UnknownBackendError, BackendLoadError
        If a name is not known, or its backend could not be loaded.
    """
    spec = settings.backend_in_force(argument).value
    if spec is None:
        return _first_plan(automatic(problem), "no backend")
    if isinstance(spec, list | tuple):
        return _first_plan([named(entry, problem) for entry in spec], "none of those asked for")
    candidate = named(spec, problem, strict=True)
    if candidate.plan is None:
        reason = candidate.refusal.text if candidate.refusal else "it gives no reason"
        raise UnsupportedError(f"backend '{candidate.name}' cannot run this problem: {reason}")
    return candidate.plan


def _first_plan(candidates: Sequence[Candidate], nothing: str) -> Convolution:
    for candidate in candidates:
        if candidate.plan is not None:
            return candidate.plan
    reasons = [f"{entry.name}: {entry.refusal.text}" for entry in candidates if entry.refusal]
    why = "; ".join(reasons) or "none is installed"
    raise UnsupportedError(f"backend: {nothing} can run this problem; {why}")


def automatic(problem: Problem) -> list[Candidate]:
    """Every backend, the runnable ones first in the order of the host's choice."""
    judged = [_judge_automatic(record, problem) for record in registry.records()]
    runnable = [candidate for candidate in judged if candidate.plan is not None]
    refused = [candidate for candidate in judged if candidate.plan is None]
    return sorted(runnable, key=lambda candidate: candidate.rank) + refused


def named(spec: settings.Spec, problem: Problem, *, strict: bool = False) -> Candidate:
    """Candidate for a name or a class; where `strict`, a backend that cannot be loaded raises."""
    if not isinstance(spec, str):
        backend = _class(spec)
        return _judge(backend.name, backend, problem, factory=backend)
    record = registry.find(spec)
    try:
        return _judge_record(record, problem)
    except BackendLoadError:
        if strict:
            raise
        return Candidate(record.name, refusal=Refusal(record.state.upper(), record.reason))


def check_spec(spec: settings.Spec) -> settings.Spec:
    """`spec` with lists as tuples, once every name in it is known to be installed."""
    if isinstance(spec, list | tuple):
        return tuple(check_spec(entry) for entry in spec)
    if isinstance(spec, str):
        registry.find(spec)
    elif spec is not None:
        _class(spec)
    return spec


def _class(spec: Any) -> type[Convolution]:
    if not isinstance(spec, type):
        raise UnknownBackendError(
            f"backend: must be a name, a Convolution subclass or a list of those; got {spec!r}"
        )
    try:
        return checked(spec)
    except TypeError as error:
        raise UnknownBackendError(str(error)) from None


def _judge_record(record: Record, problem: Problem) -> Candidate:
    if record.blocked:
        return Candidate(record.name, refusal=Refusal("BLOCKED", "blocked by CONVCORE_BLOCK"))
    return _judge(record.name, record.load(), problem, registry.NamedFactory(record.name))


def _judge_automatic(record: Record, problem: Problem) -> Candidate:
    """Candidate of the automatic choice: a failing plugin is refused and never hurts the others."""
    try:
        if not record.blocked:
            reason = _not_admitted(record.load().declaration, problem.options)
            if reason is not None:
                return Candidate(record.name, refusal=reason)
        return _judge_record(record, problem)
    except BackendLoadError:
        return Candidate(record.name, refusal=Refusal(record.state.upper(), record.reason))
    except Exception as error:
        text = f"raised {type(error).__name__} instead of answering: {error}"
        warn(f"backend '{record.name}' {text}")
        return Candidate(record.name, refusal=Refusal("FAULTY", text))


def _not_admitted(declaration: Declaration, options: settings.Settings) -> Refusal | None:
    """Why options keep a backend out of the automatic choice."""
    if not declaration.automatic:
        return Refusal("BY_NAME_ONLY", "runs only when asked for by name")
    if options.accuracy == "strict" and declaration.numerics != "componentwise":
        return Refusal("ACCURACY", "accuracy='strict' asks for a componentwise error bound")
    if options.accuracy == "strict" and declaration.nonfinite != "local":
        return Refusal("ACCURACY", "accuracy='strict' asks for NaN and Inf to stay local")
    if options.deterministic and declaration.deterministic != "any_threads":
        return Refusal("DETERMINISM", "deterministic=True asks for the same bits on any threads")
    return None


def _judge(name: str, backend: type[Convolution], problem: Problem, factory: Any) -> Candidate:
    geometry, dtype, _, options = problem
    for operation in problem.operations:
        refusal = backend.refusal(geometry, dtype, operation)
        if isinstance(refusal, Refusal):
            return Candidate(name, refusal=refusal)
        if refusal is not None:
            raise TypeError(f"refusal() must return a Refusal or None; got {refusal!r}")
    limits = {"threads": options.threads, "max_workspace": options.max_workspace}
    try:
        plan = backend(geometry, dtype, **limits)
    except UnsupportedError as error:  # some can tell only once they know the limits
        return Candidate(name, refusal=Refusal("UNSUPPORTED", str(error)))
    plan._factory = factory
    if geometry.degenerate:  # the host fills the result itself, a backend has no say
        return Candidate(name, plan, seconds=0.0, workspace=0)
    workspace = max(plan.workspace_bytes(operation) for operation in problem.operations)
    if options.max_workspace is not None and workspace > options.max_workspace:
        text = f"needs {workspace} bytes of workspace; max_workspace is {options.max_workspace}"
        return Candidate(name, refusal=Refusal("WORKSPACE", text), workspace=workspace)
    return Candidate(name, plan, seconds=_seconds(backend, problem), workspace=workspace)


def _seconds(backend: type[Convolution], problem: Problem) -> float | None:
    geometry, dtype, _, options = problem
    estimates = [
        backend.estimate(geometry, dtype, operation, threads=options.threads)
        for operation in problem.operations
    ]
    known = [float(value) for value in estimates if value is not None and not math.isnan(value)]
    return sum(known) if len(known) == len(estimates) else None


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
