"""The comparison as a picture: bars per problem, with the roofline drawn in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..plugin import Geometry, Operation
from .results import Comparison, Result, itemsize_of

# Inches per bar, around the bars of a panel, and of its height.
_BAR, _MARGIN, _HEIGHT = 0.22, 2.6, 3.4
# Part of the place of a problem that its bars fill.
_FILLED = 0.84


def draw(found: Comparison, path: Path) -> None:
    """Write a picture whose format follows from the suffix of `path`.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    operations = list(dict.fromkeys(result.operation for result in found.timed))
    contenders = list(dict.fromkeys(map(_contender, found.timed)))
    problems = dict.fromkeys(result.problem for result in found.timed)
    width = max(7.0, _MARGIN + _BAR * len(contenders) * len(problems) / _FILLED)
    figure = Figure(figsize=(width, _HEIGHT * max(1, len(operations))), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(max(1, len(operations)), 1, squeeze=False)[:, 0]
    for panel, operation in zip(panels, operations, strict=False):
        _panel(panel, found, operation, contenders)
    figure.suptitle(f"{found.dtype}, {found.threads} threads, best of each", fontsize=10)
    figure.savefig(path, dpi=120)


def _contender(result: Result) -> tuple[str, str]:
    """Who it is of: one name may be that of a backend and of a peer."""
    return result.contender, result.kind


def _panel(
    panel: Any, found: Comparison, operation: Operation, contenders: list[tuple[str, str]]
) -> None:
    results = [result for result in found.timed if result.operation == operation]
    problems = {result.problem: result.geometry for result in results}
    for index, contender in enumerate(contenders):
        drawn = [result for result in results if _contender(result) == contender]
        _bars(panel, drawn, list(problems), index, contenders)
    _roofline(panel, found, list(problems.values()))
    panel.set_yscale("log")
    panel.set_ylabel("GFLOP/s")
    panel.set_title(operation, loc="left", fontsize=10)
    panel.set_xticks(range(len(problems)), problems, rotation=20, ha="right", fontsize=8)
    panel.set_xlim(-0.5, len(problems) - 0.5)
    panel.grid(axis="y", alpha=0.3)
    panel.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _bars(
    panel: Any,
    results: list[Result],
    problems: list[str],
    index: int,
    contenders: list[tuple[str, str]],
) -> None:
    """One contender's bars; those of a peer are hatched."""
    step = _FILLED / len(contenders)
    name, kind = contenders[index]
    places = [problems.index(r.problem) + (index + 0.5) * step - _FILLED / 2 for r in results]
    rates = [result.rate / 1e9 for result in results]
    hatch = "///" if kind == "peer" else None
    style = {"color": f"C{index}", "hatch": hatch, "edgecolor": "white", "label": name}
    panel.bar(places, rates, step, **style)


def _roofline(panel: Any, found: Comparison, geometries: list[Geometry]) -> None:
    itemsize = itemsize_of(found.dtype)
    for place, geometry in enumerate(geometries):
        limit = geometry.flop / found.roofline.seconds(geometry, itemsize) / 1e9
        label = "roofline" if place == 0 else None
        panel.hlines(limit, place - 0.5, place + 0.5, colors="black", label=label, zorder=3)
