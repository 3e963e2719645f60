"""``convcore explain``: which backend would run a problem, and why, without running it."""

from __future__ import annotations

import argparse

from ..problem import OPERATIONS
from .parsers import Subparsers, add_geometry, names, shape, subparser, write_json

_EXAMPLES = (
    "convcore explain 8x64x56x56 64x64x3x3 --padding same",
    "convcore explain 1x1x1024x1024 1x1x25x25 --dtype float64 --operation all",
    "convcore explain 8x32x56x56 32x1x3x3 --groups 32 --stride 2 --padding 0:1,0:1",
    "convcore explain 1x3x4096 8x3x65 --backend fft,im2col --json",
)


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "tell which backend would run a problem, and why, without running it"
    parser = subparser(subparsers, "explain", summary, _EXAMPLES)
    parser.add_argument("input", type=shape, metavar="X", help="input shape (N, C, *S): 8x3x32x32")
    parser.add_argument(
        "weight", type=shape, metavar="W", help="weight shape (K, C / groups, *R): 16x3x5x5"
    )
    add_geometry(parser)
    parser.add_argument("--dtype", default="float32", help="dtype of the operands (float32)")
    parser.add_argument(
        "--operation",
        choices=(*OPERATIONS, "all"),
        default="forward",
        help="what is to run (forward); all: the sum of the three, as plan chooses",
    )
    parser.add_argument(
        "--backend",
        type=names,
        action="extend",
        metavar="NAMES",
        help="a name, or names in order of preference: fft,im2col",
    )
    parser.add_argument("--json", action="store_true", help="write JSON instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the explanation; the status is 1 where nothing would run."""
    from ..planning import explain

    found = explain(
        args.input,
        args.weight,
        dtype=args.dtype,
        operation=None if args.operation == "all" else args.operation,
        stride=args.stride,
        padding=args.padding,
        dilation=args.dilation,
        groups=args.groups,
        backend=_spec(args.backend),
    )
    if args.json:
        write_json(found.to_dict())
    else:
        print(found)
    return 0 if found.chosen else 1


def _spec(backends: list[str] | None) -> str | list[str] | None:
    """One name is a contract; several are an ordered fallback."""
    return backends[0] if backends and len(backends) == 1 else backends
