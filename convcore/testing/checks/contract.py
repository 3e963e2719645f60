"""Checks of the class itself: its declaration, its signatures, its refusals."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ...plugin import (
    FLOAT_NAMES,
    INTEGER_NAMES,
    OPERATIONS,
    Convolution,
    Declaration,
    Geometry,
    Refusal,
    UnsupportedError,
)
from ..catalogue.problems import ALONE, CATALOGUE
from ..check import check
from ..failures import CheckFailure, NotApplicable, expected, require

Backend = type[Convolution]

DTYPES = (*FLOAT_NAMES, *INTEGER_NAMES)
PUBLIC = (*OPERATIONS, "prepare", "refusal", "estimate", "variants", "workspace_bytes")
PUBLIC += ("copy_transposed", "copy_converted", "split_complex", "join_complex", "add_bias")
PUBLIC += ("copy_extended", "fold_extended", "run_channels_last")
CAPABILITIES = ("variants", "batch_invariant")
# A factor beyond this would let a float32 result keep fewer than a dozen correct bits.
MAX_BOUND = 4096.0
_FIELDS: dict[str, tuple[object, ...]] = {
    "numerics": ("componentwise", "normwise"),
    "deterministic": ("any_threads", "fixed_threads", "no"),
    "batch_invariant": (True, False),
    "nonfinite": ("local", "spreads"),
    "automatic": (True, False),
    "releases_gil": (True, False),
}


@check()
def declaration(backend: Backend) -> None:
    """The class is a concrete Convolution with a name and a well-formed declaration."""
    require(
        isinstance(backend, type) and issubclass(backend, Convolution),
        f"backend: must be a subclass of Convolution; got {backend!r}",
    )
    missing = ", ".join(sorted(backend.__abstractmethods__))
    require(not missing, f"backend: every abstract method must be written; missing {missing}")
    name = getattr(backend, "name", None)
    require(
        isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", name),
        f"name: must be letters, digits and _.- and start with a letter; got {name!r}",
    )
    declared = getattr(backend, "declaration", None)
    require(
        isinstance(declared, Declaration), f"declaration: must be a Declaration; got {declared!r}"
    )
    _require_well_formed(backend.declaration)


def _require_well_formed(declared: Declaration) -> None:
    dtypes, ranks, bound = declared.dtypes, declared.ranks, declared.bound
    require(
        isinstance(dtypes, tuple) and dtypes and set(dtypes) <= set(DTYPES),
        f"declaration.dtypes: must be a tuple of some of {', '.join(DTYPES)}; got {dtypes!r}",
    )
    require(
        isinstance(ranks, range) and len(ranks) and 1 <= min(ranks) and max(ranks) <= 16,
        f"declaration.ranks: must be a range within 1 to 16; got {ranks!r}",
    )
    require(
        isinstance(bound, int | float) and 0 < bound <= MAX_BOUND,
        f"declaration.bound: must lie in (0, {MAX_BOUND:g}]; got {bound!r}",
    )
    _require_typical_error(declared)
    for field, values in _FIELDS.items():
        value = getattr(declared, field)
        require(value in values, f"declaration.{field}: must be one of {values}; got {value!r}")
    given = declared.capabilities
    require(
        isinstance(given, tuple) and set(given) <= set(CAPABILITIES),
        f"declaration.capabilities: must be a tuple of some of {CAPABILITIES}; got {given!r}",
    )
    require(
        isinstance(declared.description, str) and "\n" not in declared.description,
        f"declaration.description: must be one line; got {declared.description!r}",
    )


def _require_typical_error(declared: Declaration) -> None:
    typical = declared.typical_error
    number = isinstance(typical, int | float) and 0 < typical <= MAX_BOUND
    require(
        typical is None or (number and declared.numerics == "normwise"),
        f"declaration.typical_error: must be None, or for normwise numerics lie in "
        f"(0, {MAX_BOUND:g}]; got {typical!r} for {declared.numerics!r} numerics",
    )


@check()
def signatures(backend: Backend) -> None:
    """The public methods take exactly the arguments of the base class."""
    for method in PUBLIC:
        ours, theirs = (_arguments(getattr(cls, method)) for cls in (Convolution, backend))
        require(ours == theirs, f"{method}: must take ({ours}); got ({theirs})")


def _arguments(function: Any) -> str:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise NotApplicable("a compiled method does not show its signature") from None
    return ", ".join(str(p.replace(annotation=inspect.Parameter.empty)) for p in parameters)


def _questions(names: tuple[str, ...] = DTYPES) -> Iterator[tuple[Geometry, np.dtype[Any]]]:
    for turn, problem in enumerate(CATALOGUE.values()):
        dtypes = names if problem.name in ALONE else (names[turn % len(names)],)
        yield from ((problem.geometry, np.dtype(name)) for name in dtypes)


def _question(geometry: Geometry, dtype: np.dtype[Any], operation: Any = None) -> str:
    return f"refusal({geometry}, np.dtype('{dtype}'), {operation!r})"


def _ask(backend: Backend, geometry: Geometry, dtype: np.dtype[Any], operation: Any) -> Any:
    """One refusal, with the question in the message of whatever goes wrong."""
    question = partial(_question, geometry, dtype, operation)  # which takes long to write down
    try:
        answer = backend.refusal(geometry, dtype, operation)
        again = backend.refusal(geometry, dtype, operation)
    except Exception as error:
        raise CheckFailure(f"refusal: must never raise; got {error!r} to {question()}") from error
    wrong = _wrong(answer) if answer == again else f"must not change; got {answer} and {again}"
    if wrong:
        raise CheckFailure(f"refusal: {wrong} to {question()}")
    return answer


def _wrong(answer: Any) -> str:
    """What is wrong with one answer of `refusal`; empty where nothing is."""
    if answer is None:
        return ""
    if not isinstance(answer, Refusal):
        return f"must be None or a Refusal; got {answer!r}"
    code, text = answer.code, answer.text
    if not (isinstance(code, str) and re.fullmatch(r"[A-Z][A-Z0-9_]*", code)):
        return f"the code must be in UPPER_CASE; got {code!r}"
    if not (isinstance(text, str) and text.strip() and "\n" not in text):
        return f"the text must be one sentence; got {text!r}"
    return ""


@check()
def refusal(backend: Backend) -> None:
    """Refusals never raise, carry a code and a sentence, and agree with each other."""
    for geometry, dtype in _questions():
        whole = _ask(backend, geometry, dtype, None)
        parts = [_ask(backend, geometry, dtype, operation) for operation in OPERATIONS]
        if whole is not None and None in parts:
            raise CheckFailure(
                f"refusal: no operation runs where the whole problem is refused; got {whole} to "
                f"{_question(geometry, dtype)}, and {parts} for {', '.join(OPERATIONS)}"
            )


@check()
def refusal_is_kept(backend: Backend) -> None:
    """A plan is refused with UnsupportedError exactly where `refusal` says so."""
    for geometry, dtype in _questions(("float32", "float64", "complex64", "int32")):
        if backend.refusal(geometry, dtype) is not None:
            with expected(UnsupportedError, f"a plan after {_question(geometry, dtype)}"):
                backend(geometry, dtype)
            continue
        try:
            backend(geometry, dtype)
        except Exception as error:
            raise CheckFailure(
                f"plan: must be made where refusal is None; got {error!r} "
                f"after {_question(geometry, dtype)}"
            ) from error


@check()
def declared_is_accepted(backend: Backend) -> None:
    """Every declared dtype, and every declared rank up to 4, runs on some problem."""
    declared = backend.declaration
    accepted = [
        (geometry.spatial_rank, str(dtype))
        for geometry, dtype in _questions(declared.dtypes)
        if backend.refusal(geometry, dtype) is None
        and any(backend.refusal(geometry, dtype, operation) is None for operation in OPERATIONS)
    ]
    ranks, dtypes = ({pair[part] for pair in accepted} for part in (0, 1))
    refused: list[object] = [dtype for dtype in declared.dtypes if dtype not in dtypes]
    refused += [
        f"rank {rank}" for rank in range(1, 5) if rank in declared.ranks and rank not in ranks
    ]
    require(
        not refused,
        f"declaration: must hold for some problem of the catalogue; got nothing but refusals "
        f"for {', '.join(map(str, refused))}",
    )


@check()
def undeclared_is_refused(backend: Backend) -> None:
    """What is not declared is refused, with a reason, for every operation."""
    declared, looked = backend.declaration, False
    for geometry, dtype in _questions():
        if str(dtype) in declared.dtypes and geometry.spatial_rank in declared.ranks:
            continue
        looked = True
        for operation in (None, *OPERATIONS):
            if backend.refusal(geometry, dtype, operation) is None:
                raise CheckFailure(
                    f"refusal: must not be None beyond the declaration, {declared.dtypes} in "
                    f"{declared.ranks}; got None to {_question(geometry, dtype, operation)}"
                )
    if not looked:
        raise NotApplicable("everything is declared")
