"""The command line: one subcommand for each module beside this one but `parsers` and `onnx_file`.

A module has `add_parser(subparsers)`, which describes the command and its arguments, and
`run(args)`, which does the work and returns the exit status. It imports what its work needs inside
`run`, so that ``--help`` stays quick.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

from .. import __version__
from ..errors import ConvcoreError
from . import bench, check, demo, doctor, explain, info, new_backend, run, tune

COMMANDS = (info, doctor, explain, check, new_backend, bench, demo, run, tune)

# As rich exits, as argparse does, and as a shell reports a process that ended by Ctrl-C.
_READER_LEFT = 1
_USAGE_ERROR = 2
_INTERRUPTED = 130

_EPILOG = """\
start here:
  convcore info                                   what is installed, and its state
  convcore doctor                                 whether it works, and what to do if not
  convcore explain 8x64x56x56 64x64x3x3           which backend runs a layer, and why
  convcore demo                                   see it work on real images

convcore COMMAND --help shows every option of a command, with examples.
"""


def parser() -> argparse.ArgumentParser:
    """Parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="convcore",
        description="N-d convolution for NumPy arrays with interchangeable backends.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"convcore {__version__}")
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        Exit status: 0; 1 where a check failed; 2 where the arguments do not fit or something
        is not installed.
    """
    top = parser()
    args = top.parse_args(argv)
    if args.command is None:
        top.print_help()
        return _USAGE_ERROR
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    try:
        status = int(args.run(args))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, for instance `head`, has seen enough; Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_LEFT
    except (ConvcoreError, OSError) as error:
        print(f"convcore {args.command}: {error}", file=sys.stderr)
        return _USAGE_ERROR
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as one line: where it was raised says nothing to the reader."""
    print(f"convcore: warning: {message}", file=sys.stderr)
