"""``convcore doctor``: whether the installation works, and what to do where it does not."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any, Literal, NamedTuple

from .parsers import Subparsers, subparser

_EXAMPLES = (
    "convcore doctor                               some ten seconds; the status is 1 if ill",
    "convcore doctor && pytest                     before looking for the mistake elsewhere",
)
# Of the conformance kit: exact sums, rounding, and NaN and Inf; `convcore check` has the rest.
_CHECKS = ("exact_integers", "error_bound", "nonfinite")
# A product of matrices below this many FLOP per second and thread is none of an optimised BLAS.
_SLOW_BLAS = 2e9
_MATRIX = 768

# What the environment can set; the last two when it is built.
_NAMES = "ACCURACY BACKEND BLOCK MAX_ISA NUM_THREADS PLANNING RECORD WISDOM DEBUG SANITIZE"
_VARIABLES = frozenset(f"CONVCORE_{name}" for name in _NAMES.split())

State = Literal["well", "note", "ill"]


class Finding(NamedTuple):
    """What was looked at, how it is, and what to do."""

    what: str
    state: State
    text: str


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    summary = "check the installation in some ten seconds, and say what is wrong and what to do"
    parser = subparser(subparsers, "doctor", summary, _EXAMPLES)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look at everything and print a table; the status is 1 where something is ill."""
    from ..terminal import table

    found = examine()
    table("Findings", ("what", "state", "what was found, and what to do"), found)
    ill = [finding for finding in found if finding.state == "ill"]
    for finding in ill:
        print(f"{finding.what}: {finding.text}")
    print(f"Ill: {len(ill)} of {len(found)}." if ill else "All is well.")
    return int(bool(ill))


def examine() -> list[Finding]:
    """All findings: the installation first, then each backend."""
    from ..registry import backends
    from ..terminal import track

    tasks: list[tuple[str, Callable[[], Finding]]] = [
        ("versions", _versions),
        ("options", _options),
        ("variables", _variables),
        ("threads", _threads),
        ("BLAS", _blas),
        ("instruction sets", _instruction_sets),
        ("wisdom", _wisdom),
        *((f"backend {record.name}", _examination(record)) for record in backends()),
    ]
    return [look() for _, look in track("Looking at", tasks, describe=lambda task: task[0])]


def _versions() -> Finding:
    from .. import __file__ as place
    from .. import __version__

    try:
        installed = metadata.version("convcore")
    except metadata.PackageNotFoundError:
        text = f"{place} is not installed, so no backend is found; run: pip install -e ."
        return Finding("versions", "ill", text)
    if installed != __version__:
        text = f"{place} is version {__version__}, but {installed} is installed; install it again"
        return Finding("versions", "note", text)
    return Finding("versions", "well", f"convcore {__version__}")


def _options() -> Finding:
    from ..settings import provenance

    given = [
        f"{entry.option}={entry.value} by {entry.source}"
        for entry in provenance()
        if entry.source.startswith(("CONVCORE_", "set_default", "use_backend"))
    ]
    return Finding("options", "note" if given else "well", "; ".join(given) or "none is set")


def _variables() -> Finding:
    from ..text import did_you_mean

    given = {name for name in os.environ if name.startswith("CONVCORE_")}
    for name in sorted(given - _VARIABLES):
        text = f"{name} is none that convcore reads{did_you_mean(name, _VARIABLES)}"
        return Finding("variables", "note", text)
    return Finding("variables", "well", ", ".join(sorted(given)) or "none is set")


def _threads() -> Finding:
    from ..contract import available_cpus

    usable, there = available_cpus(), os.cpu_count() or 1
    if usable < there:
        text = f"{usable} of {there} processors, by affinity or a quota of the container"
        return Finding("threads", "note", text)
    return Finding("threads", "well", f"{usable} processors")


def _blas() -> Finding:
    import numpy as np

    from ..text import gflops

    matrix = np.ones((_MATRIX, _MATRIX), np.float32)
    seconds = min(_seconds(lambda: matrix @ matrix) for _ in range(5))
    flop = 2 * _MATRIX**3
    rate = f"{gflops(flop, seconds)} GFLOP/s in a product of matrices"
    if flop / seconds < _SLOW_BLAS:
        advice = "im2col will be slow; install NumPy from a wheel, which brings OpenBLAS"
        return Finding("BLAS", "ill", f"{rate}: {advice}")
    return Finding("BLAS", "well", rate)


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _instruction_sets() -> Finding:
    from ..registry import backends

    for record in filter(_is_miscapped, backends()):
        return Finding("instruction sets", "ill", f"{record.error}; mend or unset it")
    cap = os.environ.get("CONVCORE_MAX_ISA")
    if cap:
        text = f"CONVCORE_MAX_ISA={cap} caps the native kernels; unset it for full speed"
        return Finding("instruction sets", "note", text)
    return Finding("instruction sets", "well", "the best that the processor has")


def _is_miscapped(record: Any) -> bool:
    """Whether it is broken by a cap that it does not know: only backends know the names."""
    return "CONVCORE_MAX_ISA" in str(record.error)


def _wisdom() -> Finding:
    from .. import wisdom

    path = wisdom.path()
    if path is None:
        text = "measured choices are not kept: CONVCORE_WISDOM=off, or without convcore[tune]"
        return Finding("wisdom", "note", text)
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not os.access(path if path.exists() else folder, os.W_OK):
        text = f"{path} cannot be written; let CONVCORE_WISDOM name another file"
        return Finding("wisdom", "note", text)
    return Finding("wisdom", "well", str(path))


def _examination(record: Any) -> Callable[[], Finding]:
    """A function that looks at one backend."""

    def look() -> Finding:
        state, text = _backend(record)
        return Finding(f"backend {record.name}", state, text)

    return look


def _backend(record: Any) -> tuple[State, str]:
    if record.state == "broken":
        remedy = f"install {record.distribution} again, or set CONVCORE_BLOCK={record.name}"
        remedy = "see instruction sets" if _is_miscapped(record) else remedy
        return "ill", f"broken: {record.error}; {remedy}"
    if record.state != "available":
        return "note", f"{record.state}: {record.error or 'by CONVCORE_BLOCK'}"
    start, wrong = time.perf_counter(), list(_wrong(record.name))
    if wrong:
        remedy = f"set CONVCORE_BLOCK={record.name} and report it with: convcore check"
        return "ill", f"{wrong[0]}; {remedy} {record.name}"
    return "well", f"gives the right numbers ({time.perf_counter() - start:.1f} s)"


def _wrong(name: str) -> Iterator[str]:
    """What a backend computes wrongly, on a few problems, forward and both gradients."""
    from ..testing import check_backend

    report = check_backend(name, profile="quick", checks=_CHECKS)
    for result in report.failed:
        message = result.failure.message if result.failure else result.summary
        yield f"{result.check}: {' '.join(message.split())}"
