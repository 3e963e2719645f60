"""`plan` binds a problem to the backend that is to run it; `explain` says which, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from .. import settings
from ..contract import BACKEND_DTYPES, Convolution, parse_dtype
from ..errors import BackendLoadError, GeometryError, UnsupportedError
from ..problem import OPERATIONS, Geometry, Operation, Padding, PerAxis
from ..terminal import binary_bytes, plain_table, seconds
from .candidate import Candidate, Problem
from .selection import asked_for, automatic, candidates, choose, problem_of, why_none

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
    """

    geometry: Geometry
    dtype: str
    operation: str
    chosen: str | None
    source: str
    error: str
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data."""
        return asdict(self) | {"rows": [row._asdict() for row in self.rows]}

    def __str__(self) -> str:
        outcome = f"'{self.chosen}' runs" if self.chosen else f"nothing runs ({self.error})"
        title = (
            f"{self.operation} of {self.geometry.input_shape} with {self.geometry.weight_shape}, "
            f"{self.dtype}: {outcome}; decided by {self.source}"
        )
        columns = ("backend", "status", "estimate", "workspace", "reason")
        return plain_table(title, columns, [_cells(row) for row in self.rows], "llrrl")


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        row.status,
        "-" if row.seconds is None else seconds(row.seconds),
        "-" if row.workspace is None else binary_bytes(row.workspace),
        f"{row.code}: {row.text}" if row.code else row.text,
    ]


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
    backend: settings.Spec = None,
) -> Explanation:
    """Say which backend would run a problem, and why, without running it.

    Parameters
    ----------
    input_shape, weight_shape : tuple of int
        (N, C, *S) and (K, C / groups, *R).
    dtype : str or numpy.dtype
        Dtype of the operands.
    operation : {"forward", "grad_input", "grad_weight"} or None
        What is to run; None stands for all three.
    stride, padding, dilation, groups, backend
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
    geometry = Geometry.of(
        input_shape, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    parsed = parse_dtype(dtype, BACKEND_DTYPES)
    problem = problem_of(geometry, parsed, parse_operation(operation))
    spec, source = asked_for(backend)
    tried, error = _tried(problem, spec)
    chosen = next((candidate for candidate in tried if candidate.plan is not None), None)
    name = chosen.name if chosen else None
    shown = tried if spec is None else automatic(problem)
    if chosen and name not in {candidate.name for candidate in shown}:
        shown = [chosen, *shown]
    elif chosen:  # who is asked for by name is known better than the automatic choice knows it
        shown = [chosen if candidate.name == name else candidate for candidate in shown]
    rows = tuple(
        _row(place, candidate, name, problem) for place, candidate in enumerate(shown, start=1)
    )
    return Explanation(geometry, str(parsed), operation or "all three", name, source, error, rows)


def parse_operation(operation: object) -> Operation | None:
    """`operation` if it is one of the three, or None for all of them."""
    for known in OPERATIONS:
        if operation == known:
            return known
    if operation is not None:
        raise GeometryError(
            f"operation: must be one of {', '.join(OPERATIONS)} or None; got {operation!r}"
        )
    return None


def _tried(problem: Problem, spec: settings.Spec) -> tuple[list[Candidate], str]:
    """What comes into question, and why nothing of it can run."""
    try:
        tried = candidates(problem, spec)
    except (UnsupportedError, BackendLoadError) as error:
        return [], str(error)
    return tried, "" if any(c.plan is not None for c in tried) else why_none(tried, spec)


def _row(place: int, candidate: Candidate, chosen: str | None, problem: Problem) -> Row:
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
        refusal.text if refusal else _described(candidate, problem),
    )


def _described(candidate: Candidate, problem: Problem) -> str:
    """How the plan would do it, where one operation was asked for."""
    plan, operations = candidate.plan, problem.operations
    if plan is None or problem.geometry.degenerate or len(operations) > 1:
        return ""
    return plan.describe(operations[0])


def plan(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    *,
    dtype: Any = "float32",
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    operation: Operation | None = None,
    backend: settings.Spec = None,
) -> Convolution:
    """Choose a backend once and bind it to a problem, for calls without further ado.

    Parameters
    ----------
    input_shape, weight_shape : sequence of int
        (N, C, *S) and (K, C / groups, *R).
    dtype : str or numpy.dtype
        Dtype of the operands; float16 has no plan, because `conv` widens it.
    operation : {"forward", "grad_input", "grad_weight"}, optional
        What the plan is mostly for; by default it is chosen for the sum of the three.
    stride, padding, dilation, groups, backend
        As in `conv`.

    Returns
    -------
    Convolution
        With the methods `forward`, `grad_input` and `grad_weight`; immutable, usable from several
        threads at once, and picklable.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `conv`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = plan((1, 1, 4), (1, 1, 2), dtype="float64")
    >>> layer.forward(np.array([[[1.0, 2.0, 3.0, 4.0]]]), np.array([[[1.0, 10.0]]]))
    array([[[21., 32., 43.]]])
    """
    geometry = Geometry.of(
        input_shape, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    parsed = parse_dtype(dtype, BACKEND_DTYPES)
    return choose(problem_of(geometry, parsed, parse_operation(operation)), backend)
