"""``convcore new-backend``: write the start of a backend, a distribution that passes the kit."""

from __future__ import annotations

import argparse
from pathlib import Path

from .parsers import Subparsers, subparser

_EXAMPLES = (
    "convcore new-backend fast                     einsum over sliding windows",
    "convcore new-backend fast --language cython   loops in Cython",
    "pip install -e fast && convcore check fast    see it pass, then make it fast",
)


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "write a small distribution with a backend that works, to start from"
    parser = subparser(subparsers, "new-backend", summary, _EXAMPLES)
    parser.add_argument("name", metavar="NAME", help="what the backend is to be called")
    parser.add_argument(
        "--language", choices=("python", "cython"), default="python", help="of the start (python)"
    )
    parser.add_argument(
        "--into",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="where the folder NAME goes (the working directory); it must not exist there",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files and tell what to do with them."""
    from .. import scaffold

    files = scaffold.write(args.name, args.language, args.into)
    folder = args.into / args.name
    for path in files:
        print(path)
    print(f"\nNext: pip install -e {folder} && convcore check {args.name}")
    print(f"Then edit {files[-1]}")
    return 0
