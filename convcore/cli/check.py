"""``convcore check``: hold a backend to what it declares."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import ConvcoreError
from ..text import did_you_mean
from .parsers import Subparsers, names, positive, subparser, write_json

_EXAMPLES = (
    "convcore check fft                            the quick profile",
    "convcore check fft --profile standard         everything, up to a minute",
    "convcore check fft --checks error_bound       one check, while you work on it",
    "convcore check fft --random 50 --seed 1       random problems besides; they only inform",
    "convcore check fft --json report.json         for a script",
)


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "check a backend against the conformance suite; the status is 1 where it fails"
    parser = subparser(subparsers, "check", summary, _EXAMPLES)
    parser.add_argument("backend", metavar="NAME", help="a backend as `convcore info` lists it")
    parser.add_argument(
        "--profile", choices=("quick", "standard"), default="quick", help="how much (quick)"
    )
    parser.add_argument(
        "--checks", type=names, action="extend", metavar="NAMES", help="checks to run (all)"
    )
    parser.add_argument(
        "--random", type=positive, default=0, metavar="N", help="random problems to try besides (0)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the random problems")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check one backend, print a table, and every failure with the call that reproduces it."""
    from ..terminal import progress
    from ..testing import CHECKS, check_backend

    unknown = [name for name in args.checks or () if name not in CHECKS]
    if unknown:
        known, near = ", ".join(CHECKS), did_you_mean(unknown[0], CHECKS)
        raise ConvcoreError(f"checks: must name some of {known}; got {unknown[0]!r}{near}")
    with progress(f"Checking {args.backend}") as report:
        found = check_backend(
            args.backend,
            profile=args.profile,
            checks=args.checks,
            random=args.random,
            seed=args.seed,
            progress=report,
        )
    if args.json:
        write_json(found.to_dict(), args.json)
    print(found)
    return 0 if found.ok else 1
