"""What the parsers of the subcommands share: how a problem is typed, and --json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..problem import PADDING_NAMES, Pair

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def subparser(
    subparsers: Subparsers, name: str, summary: str, examples: Sequence[str]
) -> argparse.ArgumentParser:
    """Parser of one subcommand, whose help ends with examples to type."""
    return subparsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog="\n".join(["examples:", *(f"  {line}" for line in examples)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_geometry(parser: argparse.ArgumentParser) -> None:
    """Describe the options that make a problem of two shapes."""
    axes = "one integer, or one for each spatial axis: 2,1"
    parser.add_argument("--stride", type=per_axis, metavar="N", default=1, help=f"{axes} (1)")
    parser.add_argument(
        "--dilation", type=per_axis, metavar="N", default=1, help=f"{axes} (1 means dense)"
    )
    parser.add_argument(
        "--padding",
        type=padding,
        default=0,
        help="integers, before:after pairs such as 0:1,2:3, or valid, same, same_lower or full "
        "(0); negative ones crop: --padding=-1,0",
    )
    parser.add_argument(
        "--groups", type=int, metavar="N", default=1, help="number of channel groups (1)"
    )


def shape(text: str) -> tuple[int, ...]:
    """Read a shape.

    Examples
    --------
    >>> shape("8x64x56x56"), shape("8,64,56,56"), shape("12")
    ((8, 64, 56, 56), (8, 64, 56, 56), (12,))
    """
    try:
        return tuple(int(extent) for extent in text.strip("()").replace("x", ",").split(","))
    except ValueError:
        message = f"must be integers such as 8x64x56x56 or 8,64,56,56; got {text!r}"
        raise argparse.ArgumentTypeError(message) from None


def per_axis(text: str) -> int | tuple[int, ...]:
    """Read one integer for all spatial axes, or one for each.

    Examples
    --------
    >>> per_axis("2"), per_axis("2,1")
    (2, (2, 1))
    """
    entries = shape(text)
    return entries if len(entries) > 1 else entries[0]


def padding(text: str) -> str | int | tuple[int, ...] | tuple[Pair, ...]:
    """Read a padding: a name, an integer, one per axis, or one before:after pair per axis.

    Examples
    --------
    >>> padding("same"), padding("1"), padding("1,2"), padding("0:1,-2:3")
    ('same', 1, (1, 2), ((0, 1), (-2, 3)))
    """
    if text in PADDING_NAMES:
        return text
    try:
        return tuple(_pair(entry) for entry in text.split(",")) if ":" in text else per_axis(text)
    except (ValueError, argparse.ArgumentTypeError):
        names = ", ".join(PADDING_NAMES)
        message = f"must be {names}, integers such as 1,2 or pairs such as 0:1,2:3; got {text!r}"
        raise argparse.ArgumentTypeError(message) from None


def _pair(text: str) -> Pair:
    before, after = text.split(":")
    return int(before), int(after)


def positive(text: str) -> int:
    """Read an integer of at least 1.

    Examples
    --------
    >>> positive("20")
    20
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be an integer >= 1; got {text!r}")
    return int(text)


def names(text: str) -> list[str]:
    """Read names separated by commas.

    Examples
    --------
    >>> names("fft, naive")
    ['fft', 'naive']
    """
    return [entry for entry in map(str.strip, text.split(",")) if entry]


def write_json(content: Any, path: Path | None = None) -> None:
    """Write `content` as JSON to a file, or to stdout where `path` is None."""
    text = json.dumps(content, indent=2, default=str) + "\n"
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")
