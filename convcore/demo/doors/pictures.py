"""The pictures of the doors, and the text in one of them, drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ...plugin import Array

# First row, last row, first column, last column.
Box: TypeAlias = tuple[float, float, float, float]

_DPI = 100
# Images beside one another.
_COLUMNS = 3


def written(image: Array, lines: Sequence[str]) -> Array:
    """An image of shape (H, W, 3) with lines of text over it, each smaller than the one before."""
    height, width = image.shape[:2]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    canvas: Any = FigureCanvasAgg(figure)
    figure.figimage(image)
    for place, line in enumerate(lines):
        box = {"fc": "black", "alpha": 0.7}
        where = 0.05 + 0.1 * place, 0.78 - 0.27 * place
        figure.text(*where, line, size=26 - 5 * place, color="white", bbox=box)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255.0


def draw_images(path: Path, title: str, images: Mapping[str, Array]) -> None:
    """Write images, grey or in colours, under their names to `path`."""
    rows = -(-len(images) // _COLUMNS)
    columns = min(_COLUMNS, len(images))
    figure = Figure(figsize=(4.6 * columns, 3.6 * rows), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, image) in zip(axes, images.items(), strict=False):
        axis.set_title(name)
        axis.imshow(image, cmap="gray")
    figure.savefig(path)


def draw_boxes(path: Path, picture: Array, probabilities: Array, boxes: Sequence[Box]) -> None:
    """Write the picture with boxes over it, beside what they were made from, to `path`."""
    figure = Figure(figsize=(13, 4.8), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots(1, 2)
    titles = ("what was found", "how sure the network is of text")
    for axis, title, image in zip(axes, titles, (picture, probabilities), strict=True):
        axis.set_title(title)
        axis.imshow(image, cmap="magma")
        axis.set_axis_off()
    for top, bottom, left, right in boxes:
        box = Rectangle((left, top), right - left, bottom - top, fill=False, ec="lime", lw=2)
        axes[0].add_patch(box)
    figure.savefig(path)
