"""The comparison as tables for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..terminal import table
from ..text import binary_bytes, gflops, seconds, three_digits
from . import roofline
from .contenders import base_name
from .results import Comparison, Result, itemsize_of

_COLUMNS = (
    ("contender", "l"),
    ("best", "r"),
    ("median", "r"),
    ("samples", "r"),
    ("GFLOP/s", "r"),
    ("roofline", "r"),
    ("workspace", "r"),
    ("time / best peer", "r"),
)


def show(found: Comparison) -> None:
    """Print a table per task, then what did not run, who was absent, and how to read it."""
    columns, align = zip(*_COLUMNS, strict=True)
    for task in dict.fromkeys(result.task for result in found.timed):
        rows = sorted((r for r in found.timed if r.task == task), key=lambda r: r.best)
        table(title_of(rows[0], found), columns, [_row(r, found) for r in rows], "".join(align))
    idle = [(*r.task, r.contender, _reason(r)) for r in found.results if r.reason]
    if idle:
        table("Not timed", ("problem", "operation", "contender", "reason"), idle)
    print("\n".join(legend(found)))


def title_of(result: Result, found: Comparison) -> str:
    """The task of a result, how large it is, and how fast it could be."""
    p = result.geometry
    limit = seconds(found.roofline.seconds(p, itemsize_of(found.dtype)))
    return f"{result.problem}, {result.operation}: {gflops(p.flop, 1)} GFLOP, roofline {limit}"


def _row(result: Result, found: Comparison) -> list[Any]:
    ratio = found.ratio(result)
    return [
        who(result),
        seconds(result.best),
        seconds(result.median),
        len(result.seconds),
        gflops(result.geometry.flop, result.best),
        f"{100 * found.share(result, itemsize_of(found.dtype)):.0f} %",
        None if result.workspace is None else binary_bytes(result.workspace),
        None if ratio is None else three_digits(ratio),
    ]


def who(result: Result) -> str:
    """The contender, and the backend that ran for it under another name."""
    if result.backend is None or base_name(result.contender) == result.backend:
        return result.contender
    return f"{result.contender} ({result.backend})"


def _reason(result: Result) -> str:
    return f"WRONG: {result.reason}" if result.wrong else str(result.reason)


def legend(found: Comparison) -> Iterator[str]:
    """What a reader has to know of the conditions, a sentence or two a line."""
    limits = found.roofline
    yield (
        f"{found.dtype}, {found.threads} threads for everybody, NumPy arrays in and out, "
        "interleaved, each turn after silence and a warm-up; best is what counts, the median "
        "tells how quiet the machine was."
    )
    yield (
        f"Roofline: {limits.peak / 1e9:.0f} GFLOP/s ({roofline.PEAK_METHOD}) and "
        f"{limits.bandwidth / 1e9:.1f} GB/s ({roofline.BANDWIDTH_METHOD}); above 100 % an "
        "algorithm saves operations that the definition makes."
    )
    peers = sorted({r.contender for r in found.results if r.kind == "peer"})
    yield f"Peers present: {', '.join(f'{p} {found.versions[p]}' for p in peers) or 'none'}."
    yield from (f"Peer absent: {name}: {reason}." for name, reason in found.absent.items())
    yield from (f"Note: {note}." for note in found.notes)
    if found.interrupted:
        yield "Interrupted: what was not finished by then is missing."
