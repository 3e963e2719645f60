"""The pictures of the filters and of the volume, drawn without a display."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..plugin import OPERATIONS, Array
from ..text import three_digits
from .measure import Measurement, evaluate
from .problems import Filtering

_BAR_SHARE = 0.8
# The first problems are filters over the photographs.
_FILTERINGS = 3


def draw_filters(path: Path, layers: Sequence[Filtering], found: Sequence[Measurement]) -> None:
    """Write photographs, their filtered versions and bars of time to `path`."""
    figure = Figure(figsize=(13, 10), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    halves: Any = figure.subfigures(2, 1, height_ratios=(1.25, 1), hspace=0.03)
    _draw_images(halves[0], layers[:_FILTERINGS])
    _draw_bars(halves[1], [layer.title for layer in layers], found)
    figure.savefig(path)


def draw_slices(path: Path, slices: Sequence[Array]) -> None:
    """Write a slice of a volume beside that of its gradient magnitude to `path`."""
    figure = Figure(figsize=(12, 6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    titles = ("slice of the volume", "gradient magnitude of its blurred self")
    for axis, title, image in zip(figure.subplots(1, 2), titles, slices, strict=True):
        axis.set_title(title)
        axis.imshow(image, cmap="magma")
        axis.set_axis_off()
    figure.savefig(path)


def _draw_images(figure: Any, layers: Sequence[Filtering]) -> None:
    figure.suptitle("Photographs, and the strongest answer of each bank of filters")
    columns = [("photograph", layers[0].input.transpose(0, 2, 3, 1))]
    columns += [(layer.title.partition(",")[0], strongest(layer)) for layer in layers]
    axes = figure.subplots(2, len(columns))
    for column, (title, images) in enumerate(columns):
        axes[0, column].set_title(title)
        for row, image in enumerate(images):
            brightest = 1.0 if image.ndim == 3 else np.quantile(image, 0.995)
            axes[row, column].imshow(image, cmap="magma", vmin=0, vmax=brightest)
            axes[row, column].set_axis_off()


def strongest(layer: Filtering) -> Array:
    """Largest absolute response over the bank, for each sample and pixel."""
    response = evaluate(layer.geometry, "forward", layer.input, layer.weight)
    largest: Array = np.abs(response).max(axis=1)
    return largest


def _draw_bars(figure: Any, titles: Sequence[str], found: Sequence[Measurement]) -> None:
    figure.suptitle("Time of one call (logarithmic; shorter is faster)")
    names = list(dict.fromkeys(entry.backend for entry in found))
    axes = figure.subplots(1, len(OPERATIONS), sharey=True, sharex=True)
    for axis, operation in zip(axes, OPERATIONS, strict=True):
        for index, name in enumerate(names):
            times = {
                entry.problem: entry.seconds * 1e3
                for entry in found
                if (entry.backend, entry.operation) == (name, operation)
            }
            height = _BAR_SHARE / len(names)
            places = [titles.index(title) + (index + 0.5) * height for title in times]
            bars = axis.barh(places, list(times.values()), height, label=name)
            labels = [f" {three_digits(value)}" for value in times.values()]
            axis.bar_label(bars, labels, fontsize=7)
        _dress(axis, operation, titles)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(names), frameon=False)


def _dress(axis: Any, operation: str, titles: Sequence[str]) -> None:
    axis.set_title(operation)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.margins(x=0.12)
    axis.set_xlabel("milliseconds")
    axis.set_yticks([place + _BAR_SHARE / 2 for place in range(len(titles))])
    axis.set_yticklabels([title.replace(", ", ",\n") for title in titles])
    axis.set_ylim(len(titles) - 1 + _BAR_SHARE + 0.1, -0.1)
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
