"""The choice: refuse, estimate, sort, then build in that order until one fits.

A backend asked for by name runs or raises; nothing falls back silently. In the automatic choice the
host ranks: a backend only answers *can I* (`refusal`) and *how long would it take* (`estimate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from .. import registry, settings
from ..contract import Convolution, Refusal
from ..errors import BackendLoadError, UnsupportedError
from ..problem import Operation
from .candidate import (
    Candidate,
    automatic_candidate,
    built,
    candidate_for_class,
    candidate_for_record,
    failed,
)
from .question import Question

# A candidate of the automatic choice, and the record that it is of.
Judged: TypeAlias = tuple[Candidate, registry.BackendRecord]


def choose(question: Question, spec: settings.BackendSpec) -> Convolution:
    """The plan that runs what is asked, by the backends of `spec`; None is the automatic choice.

    Raises
    ------
    UnsupportedError
        If what was asked for, or in the automatic choice everything, refuses the problem.
    UnknownBackendError, BackendLoadError
        If a name is not known, or its backend could not be loaded.
    """
    tried = []
    for candidate in candidates(question, spec):
        if candidate.plan is not None:
            return candidate.plan
        tried.append(candidate)
    raise UnsupportedError(refusal_sentence(tried, spec))


def candidates(
    question: Question, spec: settings.BackendSpec, *, thorough: bool = False
) -> Iterator[Candidate]:
    """What comes into question, in the order in which it is tried, built as its turn comes.

    `thorough` is for explanations: each tells its estimate and its workspace.
    """
    if spec is None:
        yield from automatic(question, thorough=thorough)
    elif isinstance(spec, tuple):
        for entry in spec:
            yield _named(entry, question, thorough=thorough)
    else:
        yield _named(spec, question, thorough=thorough, strict=True)


def ranked(question: Question) -> list[Judged]:
    """Every backend: those that can run it in the order of the estimate, then the others."""
    judged = [(automatic_candidate(record, question), record) for record in registry.records()]
    return sorted(judged, key=lambda pair: (pair[0].backend is None, pair[0].rank))


def automatic(question: Question, *, thorough: bool = False) -> Iterator[Candidate]:
    """Every backend, built: what was measured to be the fastest comes first."""
    judged = ranked(question)
    if question.options.planning == "measure":
        judged = _measured_first(judged, question)
    for candidate, record in judged:
        if candidate.backend is None:
            yield candidate
            continue
        try:
            yield built(candidate, question, workspace=thorough)
        except Exception as error:
            yield failed(candidate, record, error)


def _measured_first(judged: list[Judged], question: Question) -> list[Judged]:
    """Those judged, with what was measured to be the fastest in front, in the way that was."""
    from .wisdom import find  # imported where somebody measures

    found = find(question)
    for pair in judged:
        candidate, record = pair
        if found is not None and candidate.name == found.backend and candidate.backend is not None:
            chosen = found.variants.items()
            known = all(name in variants(candidate, question, op) for op, name in chosen)
            wanted = dict(chosen) if known and chosen else None
            others = [other for other in judged if other is not pair]
            return [(candidate._replace(variants=wanted), record), *others]
    return judged


def variants(candidate: Candidate, question: Question, operation: Operation) -> tuple[str, ...]:
    """In which ways a backend can run an operation, its own choice first.

    Where bits have to stay, whatever the threads or the batch, its own choice is the only one.
    """
    backend, options = candidate.backend, question.options
    assert backend is not None, "only what is not refused has variants"
    if options.deterministic or "variants" not in backend.declaration.capabilities:
        return ("default",)
    limits: dict[str, Any] = {"threads": options.threads, "max_workspace": options.max_workspace}
    try:
        return backend.variants(question.geometry, question.dtype, operation, **limits)
    except Exception as error:  # a plugin that fails never hurts the others
        registry.warn(f"backend '{candidate.name}' raised {type(error).__name__}: {error}")
        return ("default",)


def _named(
    spec: settings.BackendSpec, question: Question, *, thorough: bool, strict: bool = False
) -> Candidate:
    """Candidate for a name or a class; where `strict`, a backend that cannot be loaded raises."""
    if not isinstance(spec, str):
        candidate = candidate_for_class(spec.name, spec, spec, question, estimate=thorough)
    else:
        record = registry.find(spec)
        try:
            candidate = candidate_for_record(record, question, estimate=thorough)
        except BackendLoadError:
            if strict:
                raise
            return Candidate(record.name, refusal=Refusal(record.state.upper(), record.reason))
    if candidate.refusal is not None:
        return candidate
    return built(candidate, question, workspace=thorough)


def refusal_sentence(tried: Sequence[Candidate], spec: settings.BackendSpec) -> str:
    """The sentence for a problem that none of those tried can run."""
    reasons = [(c.name, c.refusal.text) for c in tried if c.refusal is not None]
    if spec is not None and not isinstance(spec, tuple):
        return f"backend '{reasons[0][0]}' cannot run this problem: {reasons[0][1]}"
    nothing = "no backend" if spec is None else "none of those asked for"
    told = "; ".join(f"{name}: {text}" for name, text in reasons) or "none is installed"
    return f"backend: {nothing} can run this problem; {told}"
