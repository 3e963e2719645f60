"""The command line: `python tests/fuzz`."""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import convcore

from . import memory
from .rounds import Outcome, outcome
from .threads import threaded_outcome

# A problem takes milliseconds; a machine may stop for minutes.
HUNG_SECONDS = 600
# After how many seconds a line says how far it is.
EVERY = 10.0

DESCRIPTION = """\
Calls convcore in random ways and holds every result to the definition.

Each problem is drawn from the seed and its number: geometry (ranks 1 to 4, strides, dilations,
groups, paddings of every kind, empty and single extents, long kernels), dtype, values (zeros,
denormals, NaN, Inf, the limits of the dtype, many decades), layouts in memory, options, functions,
backends by name and the automatic choice, and arguments that have to be refused. Results are
compared with sums written out in NumPy in a wider arithmetic: exactly for integers, for the others
within the bound that the backend declares, NaN and Inf where the definition puts them. Shapes,
dtypes, operands that must stay as they are, and what is said of bad arguments are looked at too.
"""
EXAMPLES = """\
examples:
  python tests/fuzz                              10,000 calls, the same ones each time
  python tests/fuzz --calls 1000000 --seed 7     a million others
  python tests/fuzz --seed 7 --start 123 --problems 1
                                                 one problem again, as a finding says
  python tests/fuzz --backend winograd           by name this one only
  python tests/fuzz --threads 8                  the same plans on 8 threads: the same bits
  python tests/fuzz --memory --calls 100000      ever new shapes: the resident size stays flat

The status is 0 where nothing was found, 1 where something was, and 2 for wrong arguments.
"""
_BACKEND = "ask for NAME, and no other, by name; may be given again for more"
_MEMORY = "watch the resident size instead of the results"
_INLINE = "run in this process, which cannot tell of its own crash"


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(
        prog="python tests/fuzz",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, kind, default, metavar, text in (
        ("--calls", int, 10_000, "N", "stop after N calls"),
        ("--seconds", float, None, "T", "stop after T seconds, if that is sooner"),
        ("--seed", int, 0, "S", "draw other problems"),
        ("--start", int, 0, "I", "number of the first problem"),
        ("--problems", int, None, "P", "stop after P problems"),
        ("--findings", int, 10, "F", "stop after F problems with a finding"),
        ("--threads", int, 1, "T", "repeat what is found right on T threads: the same bits"),
    ):
        made.add_argument(name, type=kind, default=default, metavar=metavar, help=text)
    made.add_argument("--backend", action="append", metavar="NAME", help=_BACKEND)
    made.add_argument("--memory", action="store_true", help=_MEMORY)
    made.add_argument("--inline", action="store_true", help=_INLINE)
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run, print what is found, and return the status."""
    options = parser().parse_args(arguments)
    names = tuple(options.backend or available())
    for name in names:
        convcore.get_backend(name)  # which says what is wrong with a name
    task = memory.watch if options.memory else fuzz
    if options.inline or "fork" not in multiprocessing.get_all_start_methods():
        return task(options, names, lambda index: None)
    return _watched(task, options, names)


def available() -> list[str]:
    """Backends that the automatic choice may take."""
    return [
        record.name
        for record in convcore.backends()
        if record.state == "available" and record.declaration.automatic
    ]


def fuzz(options: Any, names: tuple[str, ...], at: Callable[[int], None]) -> int:
    """Problem after problem, until there have been enough."""
    tally, told = Tally(time.monotonic()), 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for index, result in _outcomes(options, names, at):
            for found in result.found:
                print(f"\nproblem {index}: {found}\n{_again(options, index)}", flush=True)
            tally.add(result)
            if tally.enough(options):
                break
            if tally.seconds - told > EVERY:
                told = tally.seconds
                print(tally, flush=True)
    print(tally, flush=True)
    return 1 if tally.findings else 0


@dataclass
class Tally:
    """How far it is."""

    started: float
    problems: int = 0
    calls: int = 0
    refused: int = 0
    findings: int = 0

    def add(self, result: Outcome) -> None:
        """Count one problem."""
        self.problems += 1
        self.calls += result.calls
        self.refused += result.refused
        self.findings += bool(result.found)

    @property
    def seconds(self) -> float:
        """Since it started."""
        return time.monotonic() - self.started

    def enough(self, options: Any) -> bool:
        """Whether one of the limits is reached."""
        limits = (
            (self.calls, options.calls),
            (self.problems, options.problems),
            (self.findings, options.findings),
            (self.seconds, options.seconds),
        )
        return any(limit is not None and count >= limit for count, limit in limits)

    def __str__(self) -> str:
        seconds = self.seconds
        return (
            f"{self.calls} calls of {self.problems} problems in {seconds:.0f} s "
            f"({self.calls / seconds:.0f} a second), {self.refused} refused by name, "
            f"{self.findings} found"
        )


def _outcomes(
    options: Any, names: tuple[str, ...], at: Callable[[int], None]
) -> Iterator[tuple[int, Outcome]]:
    index = options.start
    while True:
        at(index)
        if options.threads > 1:
            yield index, threaded_outcome(options.seed, index, names, options.threads)
        else:
            yield index, outcome(options.seed, index, names)
        index += 1


def _again(options: Any, index: int) -> str:
    """The line that shows a finding again."""
    words = ["python tests/fuzz", f"--seed {options.seed} --start {index} --problems 1"]
    words += [f"--backend {name}" for name in options.backend or ()]
    words += [f"--threads {options.threads}"] if options.threads > 1 else []
    return "again: " + " ".join(words)


def _watched(task: Callable[..., int], options: Any, names: tuple[str, ...]) -> int:
    """Run the task in a child, and tell which problem it died or hung in."""
    context = multiprocessing.get_context("fork")
    at = context.Value("q", options.start, lock=False)
    child = context.Process(target=_child, args=(task, options, names, at))
    child.start()
    last, since = -1, time.monotonic()
    while child.is_alive():
        child.join(1.0)
        if at.value != last:
            last, since = at.value, time.monotonic()
        elif time.monotonic() - since > HUNG_SECONDS:
            child.kill()
            print(f"\nproblem {last}: hangs\n{_again(options, last)}", flush=True)
            return 1
    if child.exitcode not in (0, 1):
        print(f"\nproblem {at.value}: ended the process with status {child.exitcode}")
        print(_again(options, at.value), flush=True)
        return 1
    return child.exitcode


def _child(task: Callable[..., int], options: Any, names: tuple[str, ...], at: Any) -> None:
    faulthandler.enable()
    sys.exit(task(options, names, lambda index: setattr(at, "value", index)))
