"""One backend held against one problem: a plan ready to run, or the reason why not.

A backend only answers *can I* (`refusal`) and *how long would it take* (`estimate`); what the
options ask for is judged here, from its declaration.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import registry, settings
from ..contract import MAX_TYPICAL_ERROR, Convolution, Declaration, Refusal
from ..errors import BackendLoadError, UnsupportedError
from ..problem import OPERATIONS, Geometry, Operation
from ..registry import Record, warn


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


class Candidate(NamedTuple):
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


def judge_record(record: Record, problem: Problem) -> Candidate:
    """Candidate for a backend that the registry knows; BackendLoadError if it does not load."""
    if record.blocked:
        return Candidate(record.name, refusal=Refusal("BLOCKED", "blocked by CONVCORE_BLOCK"))
    return judge(record.name, record.load(), problem, registry.NamedFactory(record.name))


def judge_automatic(record: Record, problem: Problem) -> Candidate:
    """Candidate of the automatic choice: a failing plugin is refused and never hurts the others."""
    try:
        if not record.blocked:
            reason = _not_admitted(record.load().declaration, problem)
            if reason is not None:
                return Candidate(record.name, refusal=reason)
        return judge_record(record, problem)
    except BackendLoadError:
        return Candidate(record.name, refusal=Refusal(record.state.upper(), record.reason))
    except Exception as error:
        text = f"raised {type(error).__name__} instead of answering: {error}"
        warn(f"backend '{record.name}' {text}")
        return Candidate(record.name, refusal=Refusal("FAULTY", text))


def _not_admitted(declaration: Declaration, problem: Problem) -> Refusal | None:
    """Why options keep a backend out of the automatic choice."""
    options = problem.options
    if not declaration.automatic:
        return Refusal("BY_NAME_ONLY", "runs only when asked for by name")
    if options.accuracy == "strict" and declaration.numerics != "componentwise":
        return Refusal("ACCURACY", "accuracy='strict' asks for a componentwise error bound")
    if options.accuracy == "strict" and declaration.nonfinite != "local":
        return Refusal("ACCURACY", "accuracy='strict' asks for NaN and Inf to stay local")
    error = declaration.relative_error(problem.dtype)
    if not error <= MAX_TYPICAL_ERROR:
        text = f"declares errors of {error:.3g} max |y|; {MAX_TYPICAL_ERROR:g} is admitted"
        return Refusal("ACCURACY", text)
    if options.deterministic and declaration.deterministic != "any_threads":
        return Refusal("DETERMINISM", "deterministic=True asks for the same bits on any threads")
    return None


def judge(name: str, backend: type[Convolution], problem: Problem, factory: Any) -> Candidate:
    """Candidate for a class, whose plan is rebuilt elsewhere by `factory`."""
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
