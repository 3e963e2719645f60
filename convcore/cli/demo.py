"""``convcore demo``: the library at work on real data."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import demo
from ..errors import OptionError
from .parsers import Subparsers, names, positive, subparser

_EXAMPLES = (
    "convcore demo                                 every part",
    "convcore demo filters --backend im2col,fft    one part on two backends",
    "convcore demo digits --epochs 20 --out pictures",
    "convcore demo volume --gib 1                  out of core, on two workers of dask",
    "convcore demo doors                           scikit-image, ONNX, PyTorch: theirs and ours",
)


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "run every installed backend on real data, print tables and write pictures"
    parser = subparser(subparsers, "demo", summary, _EXAMPLES)
    parser.add_argument(
        "part",
        nargs="?",
        choices=(*demo.present(), *demo.NAMED_PARTS),
        help="filters: photographs and digits through banks of "
        "filters; digits, series: networks trained on real data; every one of these by default; "
        "volume: more than fits into the memory that it may take; doors: programs of other "
        "libraries that are installed, by theirs and by ours",
    )
    parser.add_argument(
        "--backend",
        type=names,
        action="extend",
        metavar="NAMES",
        help="names separated by commas (all available)",
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
    parser.add_argument(
        "--gib", type=float, metavar="SIZE", help="size of the volume in GiB (4); for volume"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run one part of the demo, or all."""
    from ..registry import get_backend

    for name in args.backend or ():
        get_backend(name)
    if args.gib is not None and (args.part != "volume" or args.gib <= 0):
        raise OptionError(f"gib: must be above 0, and goes with the part volume; got {args.gib}")
    options = {} if args.gib is None else {"gib": args.gib}
    parts = [args.part] if args.part else demo.present()
    demo.run(parts, backends=args.backend, epochs=args.epochs, out=args.out, **options)
    return 0
