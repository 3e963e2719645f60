"""``convcore run``: an ONNX model on arrays from files, and where its time goes."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConvcoreError
from .parsers import Subparsers, positive, subparser

if TYPE_CHECKING:
    from ..adapters.onnx import Evaluator
    from ..typing import Array

_EXAMPLES = (
    "convcore run detect.onnx --input page.npy     the time of each kind of operator",
    "convcore run two.onnx --input a=a.npy --input b=b.npy --output found.npz",
    "convcore run detect.onnx --input page.npy --repeat 5",
)


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "run an ONNX model, its convolutions by ours, and tell the time of each operator"
    parser = subparser(subparsers, "run", summary, _EXAMPLES)
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="a file .onnx")
    add(
        "--input",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="a file of numpy.save, for the first input or the one that is named",
    )
    add("--output", type=Path, metavar="FILE", help="write the outputs there, as numpy.savez does")
    add(
        "--repeat",
        type=positive,
        default=1,
        metavar="N",
        help="run N times, and tell of the last: the first plans, and prepares weights (1)",
    )
    parser.set_defaults(run=run)


class Spent(NamedTuple):
    """What all nodes of one operator have taken."""

    operator: str
    nodes: int
    seconds: float


def run(args: argparse.Namespace) -> int:
    """Run the model, print tables, write the outputs."""
    import numpy as np

    evaluator = _evaluator(args.model)
    feeds = _feeds(args.input, evaluator.required_inputs)
    outputs, spent = _timed(evaluator, feeds, args.repeat)
    found = dict(zip(evaluator.output_names, outputs, strict=True))
    _print(args.model, spent, found)
    if args.output:
        np.savez(args.output, **found)
    return 0


def _evaluator(model: Path) -> Evaluator:
    try:
        from ..adapters.onnx import Evaluator
    except ImportError as error:
        raise ConvcoreError(str(error)) from None
    from google.protobuf.message import DecodeError  # which onnx brings

    try:
        return Evaluator(str(model))
    except DecodeError:
        raise ConvcoreError(f"model: must be a file in ONNX's format; got {model}") from None
    except NotImplementedError as error:
        raise ConvcoreError(f"model: {error}") from None


def _feeds(given: list[str], names: list[str]) -> dict[str, Array]:
    """The inputs by name; one without a name is the next of those that are left."""
    import numpy as np

    feeds: dict[str, Any] = {}
    for entry in given:
        name, _, path = entry.rpartition("=")
        left = [each for each in names if each not in feeds]
        name = name or (left[0] if left else "")
        if name not in left:
            raise ConvcoreError(f"--input: must be for one of {left}; got {entry!r}")
        try:
            feeds[name] = np.load(path)
        except ValueError:
            raise ConvcoreError(f"--input: must be a file of numpy.save; got {path!r}") from None
    if missing := [name for name in names if name not in feeds]:
        raise ConvcoreError(f"--input: must be given for every input; got none for {missing}")
    return feeds


def _timed(evaluator: Evaluator, feeds: dict[str, Array], repeat: int) -> tuple[Any, list[Spent]]:
    """The outputs, and what operators took in the last of `repeat` runs, longest first."""
    from ..terminal import progress

    total = repeat * len(evaluator.rt_nodes_)
    done = 0
    with progress("Running") as report:
        for _ in range(repeat):
            seconds: dict[str, list[float]] = defaultdict(list)

            def watch(node: Any, taken: float, seconds: Any = seconds) -> None:
                nonlocal done
                done += 1
                seconds[node.op_type].append(taken)
                report(done, total, node.op_type)

            outputs = evaluator.run(None, feeds, watch=watch)
    spent = [Spent(operator, len(each), sum(each)) for operator, each in seconds.items()]
    return outputs, sorted(spent, key=lambda entry: -entry.seconds)


def _print(model: Path, spent: list[Spent], found: dict[str, Array]) -> None:
    from ..terminal import table

    whole = sum(entry.seconds for entry in spent) or 1.0
    rows = [
        (entry.operator, entry.nodes, f"{entry.seconds * 1e3:.2f}", f"{entry.seconds / whole:.0%}")
        for entry in spent
    ]
    title = f"{model.name}: {whole * 1e3:.1f} ms"
    table(title, ("operator", "nodes", "ms", "share"), rows, "lrrr")
    results = [(name, array.dtype, array.shape) for name, array in found.items()]
    table("Outputs", ("name", "dtype", "shape"), results)
