"""A problem as one line of JSON: what a recording, a file of layers and wisdom have in common.

A line holds `kind` ("conv" or "conv_transpose"), the shapes `x` and `w` of input and weight,
`stride`, `dilation`, `padding` as (before, after) pairs and `output_padding`, with an entry per
axis, and `groups`; then, where it says so, `dtype`, `operation` (null stands for all three at once)
and options. Other fields are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import settings
from ..contract import parse_dtype
from ..errors import ConvcoreError, OptionError
from ..problem import Geometry, Operation, parse_operation, transposed_geometry
from .question import Question

# What a transposed layer computes, told by the operations of the convolution that it is the
# adjoint of; the gradient of its weight is that of the convolution's.
ADJOINT: Mapping[Operation, Operation] = {
    "forward": "grad_input",
    "grad_input": "forward",
    "grad_weight": "grad_weight",
}
_OPTIONS = ("threads", "accuracy", "max_workspace", "deterministic")


def fields_of(question: Question) -> dict[str, Any]:
    """The question as plain data; how it is planned is no part of it."""
    geometry, dtype, operation, options = question
    return {
        "kind": "conv",
        "x": geometry.input_shape,
        "w": geometry.weight_shape,
        "stride": geometry.stride,
        "padding": geometry.padding,
        "dilation": geometry.dilation,
        "groups": geometry.groups,
        "dtype": str(dtype),
        "operation": operation,
        **{name: getattr(options, name) for name in _OPTIONS},
    }


def read_questions(
    path: Path,
    operations: Sequence[Operation | None] = ("forward",),
    dtype: str = "float32",
    batch: int | None = None,
) -> Iterator[Question]:
    """What the lines of a file ask; the arguments are for those that do not say it themselves.

    `batch` is for all of them, where it is given.

    Raises
    ------
    OptionError
        If a line describes no problem.
    """
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith('{"machine"'):  # a header of wisdom
                continue
            try:
                yield from _questions(json.loads(line), operations, dtype, batch)
            except (ValueError, KeyError, TypeError, RecursionError, ConvcoreError) as error:
                told = f"lacks {error}" if isinstance(error, KeyError) else str(error)
                raise OptionError(f"{path}, line {number}: describes no problem; {told}") from None


def _questions(
    fields: dict[str, Any],
    operations: Sequence[Operation | None],
    dtype: str,
    batch: int | None,
) -> Iterator[Question]:
    geometry = _geometry(fields)
    if batch is not None:
        geometry = replace(geometry, batch=batch)
    given: dict[str, Any] = {name: fields.get(name) for name in _OPTIONS}
    changes = settings.parsed_options(**given, planning=None, precision=None)
    options = settings.resolve()._replace(**changes)
    for operation in (fields["operation"],) if "operation" in fields else operations:
        wanted = parse_operation(operation)
        if fields["kind"] == "conv_transpose" and wanted is not None:
            wanted = ADJOINT[wanted]
        yield Question(geometry, parse_dtype(fields.get("dtype", dtype)), wanted, options)


def _geometry(fields: dict[str, Any]) -> Geometry:
    steps: dict[str, Any] = {name: fields[name] for name in ("stride", "padding", "dilation")}
    groups = fields["groups"]
    if fields["kind"] == "conv":
        return Geometry.of(fields["x"], fields["w"], **steps, groups=groups)
    if fields["kind"] != "conv_transpose":
        raise OptionError(f"kind: must be conv or conv_transpose; got {fields['kind']!r}")
    ends = fields.get("output_padding", 0)
    return transposed_geometry(
        fields["x"], fields["w"], **steps, groups=groups, output_padding=ends
    )
