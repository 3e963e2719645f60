"""The problems that a command line names: typed, in files, or in the catalogue."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConvcoreError
from ..problem import OPERATIONS, Geometry, Operation
from .parsers import shape

if TYPE_CHECKING:
    from ..planning import Question


class Asked(NamedTuple):
    """A question, and what to call it."""

    name: str
    question: Question


def named(args: argparse.Namespace) -> Iterator[Asked]:
    """What the arguments name: `what`, for operations `op`, in `dtype`, with `batch` samples."""
    shapes = _shapes(args.what)
    if shapes is not None:
        steps = {name: getattr(args, name) for name in ("stride", "padding", "dilation", "groups")}
        yield from _each(_title(*shapes), Geometry.of(*shapes, **steps), args)
        return
    for what in args.what:
        path = Path(what)
        if path.suffix == ".onnx":
            yield from _in_onnx(path, args)
        elif path.exists():
            yield from in_lines(path, args)
        else:
            yield from _in_catalogue(what, args)


def _shapes(what: Sequence[str]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The two shapes that somebody typed."""
    try:
        first, second = map(shape, what)
    except (ValueError, argparse.ArgumentTypeError):
        return None
    return first, second


def _title(input_shape: Sequence[int], weight_shape: Sequence[int]) -> str:
    return " * ".join("x".join(map(str, extents)) for extents in (input_shape, weight_shape))


def _each(title: str, geometry: Geometry, args: argparse.Namespace) -> Iterator[Asked]:
    """One problem with every operation that is wanted."""
    import numpy as np

    from ..contract import parse_dtype
    from ..planning import Question

    if args.batch is not None:
        geometry = replace(geometry, batch=args.batch)
    for operation in _operations(args):
        yield Asked(title, Question.now(geometry, parse_dtype(np.dtype(args.dtype)), operation))


def _operations(args: argparse.Namespace) -> tuple[Operation, ...]:
    wanted: list[Operation] = list(OPERATIONS) if args.op == ["all"] else args.op
    for operation in wanted:
        if operation not in OPERATIONS:
            known = ", ".join((*OPERATIONS, "all"))
            raise ConvcoreError(f"--op: must be of {known}; got {operation!r}")
    return tuple(wanted)


def in_lines(path: Path, args: argparse.Namespace) -> Iterator[Asked]:
    """The problems of a file of JSON lines."""
    from ..planning import read_questions

    for question in read_questions(path, _operations(args), args.dtype, args.batch):
        geometry = question.geometry
        yield Asked(_title(geometry.input_shape, geometry.weight_shape), question)


def _in_onnx(path: Path, args: argparse.Namespace) -> Iterator[Asked]:
    """The layers of an ONNX file; what is asked of a transposed one, its adjoint is asked."""
    from ..planning import ADJOINT
    from .onnx_file import onnx_questions

    for name, question in onnx_questions(path, args.batch):
        transposed = question.operation == "grad_input"
        name = f"{name} (transposed)" if transposed else name
        for operation in _operations(args):
            wanted = ADJOINT[operation] if transposed else operation
            yield Asked(name, question._replace(operation=wanted))


def _in_catalogue(pattern: str, args: argparse.Namespace) -> Iterator[Asked]:
    from ..testing import LAYERS

    found = [problem for name, problem in LAYERS.items() if fnmatchcase(name, pattern)]
    if not found:
        rule = "must be two shapes, a file, or a name of `convcore bench --list`"
        raise ConvcoreError(f"what: {rule}; got {pattern!r}")
    for problem in found:
        yield from _each(problem.name, problem.geometry, args)
