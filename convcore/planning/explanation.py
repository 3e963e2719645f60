"""`explain`: which backend would run a problem, and why, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import settings
from ..contract import parse_dtype
from ..errors import BackendLoadError, UnsupportedError
from ..problem import Geometry, Operation, Padding, PerAxis, parse_layouts, parse_operation
from ..text import binary_bytes, plain_table, seconds
from .candidate import Candidate
from .laid_out import full_shapes
from .question import Question
from .requested import requested_backend
from .samples import deciding, way
from .selection import automatic, candidates, refusal_sentence
from .slabwise import widened

if TYPE_CHECKING:
    from .measured import Measured

_STATUS = {
    "BLOCKED": "blocked",
    "BROKEN": "broken",
    "UNAVAILABLE": "unavailable",
    "FAULTY": "broken",
    "BY_NAME_ONLY": "by name only",
}


class Row(NamedTuple):
    """One backend in an explanation; `seconds` and `workspace` are None where not known.

    `text` says why a backend is refused, with a `code`, or how it would carry out the operation.
    """

    name: str
    status: str
    seconds: float | None
    workspace: int | None
    code: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """Which backend would run a problem, what decided that, and how all others stand.

    Attributes
    ----------
    chosen : str or None
        Name of the backend that would run.
    source : str
        What decided: "argument", "use_backend", "set_default_backend", "CONVCORE_BACKEND" or
        "automatic choice".
    error : str
        Why nothing would run; empty otherwise.
    rows : tuple of Row
        Every backend with its status.
    measured : Measured or None
        What was measured on this machine, and when; only planning="measure" goes by it.
    """

    geometry: Geometry
    dtype: str
    operation: str
    chosen: str | None
    source: str
    error: str
    rows: tuple[Row, ...]
    measured: Measured | None = None

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data."""
        rows = [row._asdict() for row in self.rows]
        measured = None if self.measured is None else self.measured._asdict()
        return asdict(self) | {"rows": rows, "measured": measured}

    def __str__(self) -> str:
        outcome = f"'{self.chosen}' runs" if self.chosen else f"nothing runs ({self.error})"
        title = (
            f"{self.operation} of {self.geometry.input_shape} with {self.geometry.weight_shape}, "
            f"{self.dtype}: {outcome}; decided by {self.source}"
        )
        columns = ("backend", "status", "estimate", "workspace", "reason")
        rows = [_cells(row) for row in self.rows]
        if self.measured is None:
            return plain_table(title, columns, rows, "llrrl")
        times = self.measured.times
        told = [[*row[:3], _time(times.get(row[0])), *row[3:]] for row in rows]
        with_times = (*columns[:3], "measured", *columns[3:])
        return plain_table(f"{title}; {self.measured}", with_times, told, "llrrrl")


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        row.status,
        _time(row.seconds),
        "-" if row.workspace is None else binary_bytes(row.workspace),
        f"{row.code}: {row.text}" if row.code else row.text,
    ]


def _time(value: float | None) -> str:
    return "-" if value is None else seconds(value)


def explain(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    *,
    dtype: Any = "float32",
    operation: Operation | None = "forward",
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    layout: str | None = None,
    weight_layout: str | None = None,
    out_layout: str | None = None,
    backend: settings.BackendSpec = None,
) -> Explanation:
    """Say which backend would run a problem, and why, without running it.

    Parameters
    ----------
    input_shape, weight_shape : sequence of int
        (N, C, *S) and (K, C / groups, *R), or in the order of `layout` and `weight_layout`.
    dtype : str or numpy.dtype
        Dtype of the operands; float16 and bfloat16 are computed in float32.
    operation : {"forward", "grad_input", "grad_weight"} or None
        What is to run; None stands for all three.
    stride, padding, dilation, groups, layout, weight_layout, out_layout, backend
        As in `conv`.

    Returns
    -------
    Explanation
        Prints as a table; `rows` and `to_dict()` give the same as data.

    Examples
    --------
    >>> import convcore
    >>> found = convcore.explain((1, 1, 64), (1, 1, 3), dtype="int32")
    >>> [(row.name, row.code) for row in found.rows if row.name == "fft"]
    [('fft', 'DTYPE')]
    """
    shapes = full_shapes(
        parse_layouts(layout, weight_layout, out_layout), input_shape, weight_shape
    )
    steps: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    geometry = Geometry.of(*shapes, **steps, groups=groups)
    given = parse_dtype(dtype)
    question = Question.now(geometry, given, parse_operation(operation))
    whole = widened(question)
    question = deciding(whole)
    spec, source = requested_backend(backend)
    tried, error = _tried(question, spec)
    chosen = next((candidate for candidate in tried if candidate.plan is not None), None)
    name = chosen.name if chosen else None
    everyone = tried if spec is None else automatic(question, thorough=True)
    # Some refuse only once they are built, which is in the order of the choice.
    shown = sorted(everyone, key=lambda candidate: candidate.plan is None)
    if chosen and name not in {candidate.name for candidate in shown}:
        shown = [chosen, *shown]
    elif chosen:  # who is asked for by name is known better than the automatic choice knows it
        shown = [chosen if candidate.name == name else candidate for candidate in shown]
    rows = tuple(
        _row(place, candidate, name, whole) for place, candidate in enumerate(shown, start=1)
    )
    found = _measured(question) if spec is None else None
    return Explanation(
        geometry, str(given), operation or "all three", name, source, error, rows, found
    )


def _measured(question: Question) -> Measured | None:
    """What is known from measurements; nothing is measured here."""
    from .wisdom import find  # imported where somebody measures or explains

    return find(question)


def _tried(question: Question, spec: settings.BackendSpec) -> tuple[list[Candidate], str]:
    """What comes into question, and why nothing of it can run."""
    try:
        tried = list(candidates(question, spec, thorough=True))
    except (UnsupportedError, BackendLoadError) as error:
        return [], str(error)
    return tried, "" if any(c.plan is not None for c in tried) else refusal_sentence(tried, spec)


def _row(place: int, candidate: Candidate, chosen: str | None, question: Question) -> Row:
    refusal = candidate.refusal
    if candidate.name == chosen:
        status, refusal = "chosen", None
    elif refusal is not None:
        status = _STATUS.get(refusal.code, "refused")
    else:
        status = f"ranked {place}"
    return Row(
        candidate.name,
        status,
        candidate.seconds,
        candidate.workspace,
        refusal.code if refusal else "",
        refusal.text if refusal else _described(candidate, question),
    )


def _described(candidate: Candidate, question: Question) -> str:
    """How the plan would do it, where one operation was asked for."""
    plan, operations = candidate.plan, question.operations
    if plan is None or question.geometry.degenerate or len(operations) > 1:
        return ""
    return way(plan, question) + plan.describe(operations[0])
