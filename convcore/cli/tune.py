"""``convcore tune``: measure in advance what programs with planning="measure" will ask for."""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ConvcoreError
from ..problem import OPERATIONS
from ..text import seconds
from .asked import Asked, in_lines, named
from .parsers import Subparsers, add_geometry, names, positive, subparser, write_json

if TYPE_CHECKING:
    from ..planning import Measured, Question

_EXAMPLES = (
    "convcore tune 8x64x56x56 64x64x3x3 --padding 1   one problem, as for explain",
    "convcore tune 'resnet.*' --op all                layers of the catalogue, see bench --list",
    "convcore tune network.onnx --batch 4             the layers of an ONNX file",
    "convcore tune layers.jsonl                       a problem a line, as CONVCORE_RECORD notes",
    "convcore tune --run python train.py              what a program asks for, which runs first",
    "",
    "Programs go by what was measured where planning is 'measure', for instance",
    "  CONVCORE_PLANNING=measure python train.py",
)
# Rows of the table; those that gain most, where there are more.
_MOST_ROWS = 40


Outcome: TypeAlias = "tuple[Asked, Measured | None]"


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "measure which backends are the fastest, and keep it for every later process"
    parser = subparser(subparsers, "tune", summary, _EXAMPLES)
    add = parser.add_argument
    add("what", nargs="*", help="two shapes, files (JSON lines or .onnx), or names of layers")
    add_geometry(parser)
    add("--dtype", default="float32", help="where a file does not say it (float32)")
    add(
        "--op",
        type=names,
        default=["forward"],
        metavar="NAMES",
        help=f"{', '.join((*OPERATIONS, 'all'))}, where a file does not say it (forward)",
    )
    add("--batch", type=positive, metavar="N", help="samples of all problems (as they come)")
    add("--threads", type=positive, metavar="N", help="threads to use (all processors)")
    add("--again", action="store_true", help="measure also what is known")
    add("--json", type=Path, metavar="FILE", help="write what was measured there too")
    add(
        "--run",
        dest="program",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="run a program, and measure what it asked for; comes last",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure everything, print tables; the status is that of the program where there is one."""
    from .. import settings
    from ..terminal import track

    status = 0
    with settings.options(threads=args.threads):
        asked = list(named(args))
        if args.program:
            status, recorded = _recorded(args)
            asked += recorded
    if not asked:
        told = "the program asked for nothing" if args.program else "see convcore tune --help"
        raise ConvcoreError(f"what: must name a problem; got none, {told}")
    asked = list({each.question: each for each in asked}.values())
    outcomes = [
        (each, _measured(each.question, again=args.again))
        for each in track("Measuring", asked, lambda each: each.name)
    ]
    _show(outcomes)
    if args.json:
        write_json([_as_data(*outcome) for outcome in outcomes], args.json)
    return status


def _measured(question: Question, *, again: bool) -> Measured | None:
    """What is known, or measured now; once more where it is unsure."""
    from ..planning import measure

    found = measure(question, again=again)
    if found is None or found.settled or again:
        return found
    return measure(question, again=True)


def _recorded(args: argparse.Namespace) -> tuple[int, list[Asked]]:
    """Run a program; its exit status, and what it asked for."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "asked.jsonl")
        try:
            done = subprocess.run(args.program, env=os.environ | {"CONVCORE_RECORD": str(path)})
        except OSError as error:
            raise ConvcoreError(f"--run: must be a command; {error}") from None
        return done.returncode, list(in_lines(path, args)) if path.exists() else []


def _show(outcomes: Sequence[Outcome]) -> None:
    """Print what was measured, and what it is good for."""
    from ..planning import current_wisdom
    from ..terminal import table

    known = [(asked, found) for asked, found in outcomes if found is not None]
    shown, title = outcomes, "Measured"
    if len(outcomes) > _MOST_ROWS:
        shown = sorted(outcomes, key=_gain, reverse=True)[:_MOST_ROWS]
        title = f"The {_MOST_ROWS} of {len(outcomes)} that gain most"
    columns = ("problem", "dtype", "operation", "estimate", "time", "measured", "time", "gain")
    table(title, columns, [_row(*outcome) for outcome in shown], "llllrlrr")
    changed = sum(found.way != found.estimate for _, found in known)
    unsure = sum(not found.settled for _, found in known)
    mean = math.exp(sum(math.log(found.gain) for _, found in known) / max(1, len(known)))
    print(f"{changed} of {len(outcomes)} choices change; {mean:.2f} times as fast in the mean.")
    if unsure:
        print(f"{unsure} of them are unsure, on a busy machine; run this again when it is quiet.")
    wisdom = current_wisdom()
    place = wisdom.path if wisdom.path and wisdom.writes else "this process only"
    print(f"Kept in {place}, and used where planning='measure'.")


def _gain(outcome: Outcome) -> float:
    _, found = outcome
    return 0.0 if found is None else found.gain


def _row(asked: Asked, found: Measured | None) -> list[Any]:
    question = asked.question
    first = [asked.name, question.dtype, question.operation or "all three"]
    if found is None:
        return [*first, "nothing to choose", None, None, None, None]
    before = seconds(found.seconds[found.estimate])
    told = found.way if found.settled else f"{found.way}, unsure"
    return [*first, found.estimate, before, told, seconds(found.best), f"{found.gain:.2f}"]


def _as_data(asked: Asked, found: Measured | None) -> dict[str, Any]:
    from ..planning import fields_of

    measured = None if found is None else found._asdict()
    return {"name": asked.name, "measured": measured} | fields_of(asked.question)
