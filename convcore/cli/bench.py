"""``convcore bench``: backends and other libraries side by side in one run."""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConvcoreError
from ..problem import OPERATIONS, Operation
from .parsers import Subparsers, names, positive, subparser, write_json

if TYPE_CHECKING:
    from ..bench import Comparison
    from ..testing import Problem

_EXAMPLES = (
    "convcore bench                                our backends on a few layers",
    "convcore bench --against torch,scipy --plot bench.png",
    "convcore bench --backend im2col,auto --problem 'resnet.*' --op all",
    "convcore bench --list                         the problems, and where they come from",
)
# Dense, strided, pointwise, depthwise, one large kernel, one signal: seconds and not minutes.
_USUAL = (
    "resnet.3x3 256c14 b8",
    "resnet.1x1 1024-256 14 b8",
    "mobilenet.dw3x3s2 144c56 b8",
    "mnist.3x3 1-32 28 b64",
    "image.25x25 1c1024 b1",
    "1d.wavenet k2d64 64c16k b1",
)
_BACKENDS = "auto: automatic choice; NAME+prepared: with its weight prepared once (all but torch)"
_PEERS = ("torch", "torch-nhwc", "scipy", "onnxruntime", "openvino", "ncnn", "jax")


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "time backends and other libraries side by side in one run"
    parser = subparser(subparsers, "bench", summary, _EXAMPLES)
    add = parser.add_argument
    add("--backend", type=names, action="extend", metavar="NAMES", help=_BACKENDS)
    add(
        "--problem",
        type=names,
        action="extend",
        metavar="NAMES",
        help="names or patterns, see --list (a few)",
    )
    add("--op", type=names, action="extend", metavar="NAMES", help=f"{_operations()} (forward)")
    add(
        "--against",
        type=names,
        action="extend",
        default=[],
        metavar="NAMES",
        help=f"{', '.join(_PEERS)} (none)",
    )
    add("--dtype", choices=("float32", "float64"), default="float32", help="(float32)")
    add("--threads", type=positive, metavar="N", help="for everybody (all processors)")
    add("--rounds", type=positive, default=7, metavar="N", help="turns of each on a problem (7)")
    add(
        "--limit", type=positive, default=10, metavar="S", help="seconds for each on a problem (10)"
    )
    add("--json", type=Path, metavar="FILE", help="write all samples there too")
    add("--plot", type=Path, metavar="FILE", help="draw bars and the roofline there")
    add("--html", type=Path, metavar="FILE", help="write a page there that needs no network")
    add("--list", action="store_true", help="list the problems and run nothing")
    parser.set_defaults(run=run)


def _operations() -> str:
    return ", ".join((*OPERATIONS, "all"))


def run(args: argparse.Namespace) -> int:
    """Compare, print tables, write files; the status is 1 where a contender computes wrongly.

    Ctrl-C ends the comparison; what is done by then is printed and written all the same.
    """
    problems = _problems(args.problem or list(_USUAL))
    if args.list:
        return _list()
    found = _compare(args, problems)
    from ..bench import show, write_page

    show(found)
    if args.html:
        write_page(found, args.html)
    if args.json:
        write_json(found.to_dict(), args.json)
    drawn = _draw(found, args.plot) if args.plot and found.timed else True
    if found.interrupted:
        raise KeyboardInterrupt
    wrong = any(result.wrong for result in found.results)
    return 2 if not drawn else int(wrong or not found.timed)


def _compare(args: argparse.Namespace, problems: list[Problem]) -> Comparison:
    from ..bench import Request, compare
    from ..contract import available_cpus
    from ..terminal import progress

    request = Request(
        problems=problems,
        operations=_wanted(args.op or ["forward"]),
        backends=args.backend,
        against=args.against,
        dtype=args.dtype,
        threads=args.threads or available_cpus(),
        rounds=args.rounds,
        limit=args.limit,
    )
    with progress("Timing") as report:
        return compare(request, report)


def _wanted(operations: list[str]) -> tuple[Operation, ...]:
    """The operations that are named, in their usual order."""
    for operation in operations:
        if operation not in (*OPERATIONS, "all"):
            raise ConvcoreError(f"--op: must be of {_operations()}; got {operation!r}")
    return tuple(each for each in OPERATIONS if each in operations or "all" in operations)


def _problems(patterns: list[str]) -> list[Problem]:
    """The problems that match any of the patterns, in the order of the catalogue."""
    known = _timed()
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            rule = "must match a name of `convcore bench --list`"
            raise ConvcoreError(f"--problem: {rule}; got {pattern!r}")
    wanted = (name for name in known if any(fnmatchcase(name, p) for p in patterns))
    return [known[name] for name in wanted]


def _timed() -> dict[str, Problem]:
    from ..testing import CHOICES, LAYERS

    return {**LAYERS, **CHOICES}


def _list() -> int:
    from ..terminal import table

    rows = [(p.name, f"{p.geometry.flop / 1e9:.3g}", p.source) for p in _timed().values()]
    table("Problems", ("name", "GFLOP", "source"), rows, "lrl")
    return 0


def _draw(found: Comparison, path: Path) -> bool:
    from ..bench import draw

    try:
        draw(found, path)
    except ImportError as error:
        print(f"convcore bench: --plot needs matplotlib; got {error}", file=sys.stderr)
        return False
    return True
