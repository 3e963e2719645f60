"""One backend held against one question: how long it would take, or the reason why not.

A backend only answers *can I* (`refusal`) and *how long would it take* (`estimate`); what the
options ask for is judged here, from its declaration. No plan is built before its turn comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from .. import registry
from ..contract import MAX_TYPICAL_ERROR, Convolution, Declaration, Refusal
from ..errors import BackendLoadError, UnsupportedError
from ..problem import Operation
from .question import Question
from .real_classes import RealPartsFactory, classes_for
from .real_parts import RealPartsConvolution

# Where a batch must not decide who runs, that is judged by so many samples.
USUAL_BATCH = 16


class Candidate(NamedTuple):
    """One backend held against a question.

    Attributes
    ----------
    name : str
        What it is called.
    backend : type[Convolution] or None
        Its class, where nothing speaks against it so far.
    factory : callable or None
        What builds an equal plan elsewhere.
    seconds : float or None
        Expected time of all operations; None where it does not say.
    refusal : Refusal or None
        Why it does not run.
    plan : Convolution or None
        What runs, once it is built.
    workspace : int or None
        Bytes that the plan allocates in a call, where somebody asked.
    variants : mapping of operation to str, or None
        Which of the backend's variants are wanted; None leaves it to the backend.
    """

    name: str
    backend: type[Convolution] | None = None
    factory: Callable[..., Convolution] | None = None
    seconds: float | None = None
    refusal: Refusal | None = None
    plan: Convolution | None = None
    workspace: int | None = None
    variants: Mapping[Operation, str] | None = None

    @property
    def rank(self) -> tuple[float, str]:
        """Sort key: the estimate, unknown ones last, ties by name."""
        return (math.inf if self.seconds is None else self.seconds, self.name)

    def refused(self, refusal: Refusal) -> Candidate:
        """The same backend, which is out of the question."""
        return self._replace(backend=None, plan=None, refusal=refusal)


def candidate_for_record(
    record: registry.BackendRecord, question: Question, *, estimate: bool = False
) -> Candidate:
    """Candidate for a backend that the registry knows; BackendLoadError if it does not load."""
    if record.blocked:
        return _blocked(record)
    factory = registry.NamedFactory(record.name)
    return candidate_for_class(record.name, record.load(), factory, question, estimate=estimate)


def _blocked(record: registry.BackendRecord) -> Candidate:
    return Candidate(record.name, refusal=Refusal("BLOCKED", "blocked by CONVCORE_BLOCK"))


def candidate_for_class(
    name: str,
    backend: type[Convolution],
    factory: Callable[..., Convolution],
    question: Question,
    *,
    estimate: bool = False,
) -> Candidate:
    """Candidate for a class, whose plan is rebuilt elsewhere by `factory`, and its estimate.

    Where it stands for several, because of complex numbers, the best of those that promise as much.
    """
    own = backend.declaration.numerics
    classes = [c for c in classes_for(backend, question.dtype) if c.declaration.numerics == own]
    several = len(classes) > 1
    return _best(_candidate(name, c, factory, question, estimate or several) for c in classes)


def _best(candidates: Iterable[Candidate]) -> Candidate:
    """The one that is expected to be the fastest; the first where none can run."""
    return min(candidates, key=lambda candidate: (candidate.backend is None, candidate.rank))


def _candidate(
    name: str,
    backend: type[Convolution],
    factory: Callable[..., Convolution],
    question: Question,
    estimate: bool,
) -> Candidate:
    for operation in question.operations:
        refusal = backend.refusal(question.geometry, question.dtype, operation)
        if isinstance(refusal, Refusal):
            return Candidate(name, refusal=refusal)
        if refusal is not None:
            raise TypeError(f"refusal() must return a Refusal or None; got {refusal!r}")
    if issubclass(backend, RealPartsConvolution):
        factory = RealPartsFactory(factory, type(backend.products))
    return Candidate(name, backend, factory, _seconds(backend, question) if estimate else None)


def automatic_candidate(record: registry.BackendRecord, question: Question) -> Candidate:
    """Candidate of the automatic choice: what options keep out is asked nothing."""
    try:
        if record.blocked:
            return _blocked(record)
        classes = classes_for(record.load(), question.dtype)
        return _best(_admitted_candidate(record.name, backend, question) for backend in classes)
    except Exception as error:
        return failed(Candidate(record.name), record, error)


def _admitted_candidate(name: str, backend: type[Convolution], question: Question) -> Candidate:
    reason = _not_admitted(backend.declaration, question)
    if reason is not None:
        return Candidate(name, refusal=reason)
    return _candidate(name, backend, registry.NamedFactory(name), question, estimate=True)


def failed(candidate: Candidate, record: registry.BackendRecord, error: Exception) -> Candidate:
    """The candidate of a plugin that fails: refused and told, it never hurts the others."""
    if isinstance(error, BackendLoadError):
        return candidate.refused(Refusal(record.state.upper(), record.reason))
    text = f"raised {type(error).__name__} instead of answering: {error}"
    registry.warn(f"backend '{record.name}' {text}")
    return candidate.refused(Refusal("FAULTY", text))


def _not_admitted(declaration: Declaration, question: Question) -> Refusal | None:
    """Why options keep a backend out of the automatic choice."""
    options = question.options
    if not declaration.automatic:
        return Refusal("BY_NAME_ONLY", "runs only when asked for by name")
    if options.accuracy == "strict" and declaration.numerics != "componentwise":
        return Refusal("ACCURACY", "accuracy='strict' asks for a componentwise error bound")
    if options.accuracy == "strict" and declaration.nonfinite != "local":
        return Refusal("ACCURACY", "accuracy='strict' asks for NaN and Inf to stay local")
    error = declaration.relative_error(question.dtype)
    if not error <= MAX_TYPICAL_ERROR:
        text = f"declares errors of {error:.3g} max |y|; {MAX_TYPICAL_ERROR:g} is admitted"
        return Refusal("ACCURACY", text)
    if options.deterministic and declaration.deterministic != "any_threads":
        return Refusal("DETERMINISM", "deterministic= asks for the same bits on any threads")
    return None


def takes_batches(declaration: Declaration) -> bool:
    """Whether the backend itself can see to it that a batch changes no bit of a sample."""
    return declaration.batch_invariant or "batch_invariant" in declaration.capabilities


def _seconds(backend: type[Convolution], question: Question) -> float | None:
    """Expected time of all operations; of one sample among others where no batch must show."""
    if question.geometry.degenerate:  # the host fills the result itself, a backend has no say
        return 0.0
    if question.options.deterministic != "batch" or not takes_batches(backend.declaration):
        return _estimated(backend, question)
    usual = replace(question.geometry, batch=USUAL_BATCH)
    seconds = _estimated(backend, question._replace(geometry=usual))
    return None if seconds is None else seconds / USUAL_BATCH


def _estimated(backend: type[Convolution], question: Question) -> float | None:
    geometry, dtype, _, _ = question
    estimates = [
        backend.estimate(geometry, dtype, operation, threads=question.judged_threads)
        for operation in question.operations
    ]
    known = [float(value) for value in estimates if value is not None and not math.isnan(value)]
    return sum(known) if len(known) == len(estimates) else None


def built(candidate: Candidate, question: Question, *, workspace: bool = False) -> Candidate:
    """The candidate with its plan, or refused; with the bytes of its workspace where asked for."""
    backend, options = candidate.backend, question.options
    assert backend is not None, "only what is not refused is built"
    limits: dict[str, Any] = {"threads": options.threads, "max_workspace": options.max_workspace}
    if options.deterministic == "batch" and "batch_invariant" in backend.declaration.capabilities:
        limits["batch_invariant"] = True
    if candidate.variants is not None:  # a keyword that only some backends take
        limits["variants"] = candidate.variants
    try:
        plan = backend(question.geometry, question.dtype, **limits)
    except UnsupportedError as error:  # some can tell only once they know the limits
        return candidate.refused(Refusal("UNSUPPORTED", str(error)))
    assert candidate.factory is not None
    plan._factory = candidate.factory
    limit = options.max_workspace
    if limit is None and not workspace:
        return candidate._replace(plan=plan)
    needed = _workspace(plan, question)
    if limit is not None and needed > limit:
        text = f"needs {needed} bytes of workspace; max_workspace is {limit}"
        return candidate.refused(Refusal("WORKSPACE", text))._replace(workspace=needed)
    return candidate._replace(plan=plan, workspace=needed)


def _workspace(plan: Convolution, question: Question) -> int:
    if question.geometry.degenerate:
        return 0
    return max(plan.workspace_bytes(operation) for operation in question.operations)
