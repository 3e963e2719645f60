"""``convcore demo``: the library at work on real data."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import demo
from .parsers import Subparsers, names, positive, subparser

_EXAMPLES = (
    "convcore demo                                 every part",
    "convcore demo filters --backend im2col,fft    one part on two backends",
    "convcore demo digits --epochs 20 --out pictures",
)


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "run every installed backend on real data, print tables and write pictures"
    parser = subparser(subparsers, "demo", summary, _EXAMPLES)
    parts = demo.present()
    parser.add_argument(
        "part",
        nargs="?",
        choices=parts,
        help="filters: photographs and digits through banks of "
        "filters; digits, series: networks trained on real data; every part by default",
    )
    parser.add_argument(
        "--backend", type=names, metavar="NAMES", help="names separated by commas (all available)"
    )
    parser.add_argument(
        "--epochs", type=positive, metavar="N", help="passes over the data, for parts that train"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("convcore-demo"),
        metavar="DIR",
        help="folder for the pictures (convcore-demo)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run one part of the demo, or all."""
    from ..registry import get_backend

    for name in args.backend or ():
        get_backend(name)
    parts = [args.part] if args.part else demo.present()
    demo.run(parts, backends=args.backend, epochs=args.epochs, out=args.out)
    return 0
