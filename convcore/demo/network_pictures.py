"""Pictures of networks: how they learned, what they learned, what they see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..network import ACTIVATIONS, Network
from ..plugin import Array
from .comparison import Run


@contextmanager
def _figure(path: Path, width: float, height: float, title: str) -> Iterator[Any]:
    """A figure without a display, written to `path` at the end."""
    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    yield figure
    figure.savefig(path)


def draw_losses(path: Path, title: str, runs: Sequence[Run], trained: Run, *, ylabel: str) -> None:
    """Losses of all backends over the first steps, and of the trained one to the end."""
    with _figure(path, 11, 4.5, f"{title}: loss during training") as figure:
        left, right = figure.subplots(1, 2)
        for width, run in zip(np.linspace(7, 1.5, len(runs)), runs, strict=True):
            steps = np.arange(1, len(run.losses) + 1)
            left.plot(steps, run.losses, linewidth=width, label=run.backend)
        left.set_title("every backend, same start (wide lines lie below)")
        left.legend(title="backend")
        steps = np.arange(1, len(trained.losses) + 1)
        right.plot(steps, trained.losses, color="0.8", linewidth=0.8, label="each batch")
        right.plot(steps, _running_mean(trained.losses), label="mean of the last 20")
        right.set_title(f"{trained.backend}, to the end")
        right.set_yscale("log")
        right.legend()
        for axes in (left, right):
            axes.set_xlabel("step")
            axes.set_ylabel(ylabel)
            axes.grid(alpha=0.3)


def _running_mean(values: Sequence[float], count: int = 20) -> Array:
    """Mean of each value and up to `count` - 1 before it."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, ends - count)
    means: Array = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def mosaic(images: Array, gap: int = 1) -> Array:
    """Images of shape (rows, columns, height, width) side by side, NaN between them."""
    rows, columns, height, width = images.shape
    sheet = np.full((rows, height + gap, columns, width + gap), np.nan)
    sheet[:, :height, :, :width] = images.transpose(0, 2, 1, 3)
    return sheet.reshape(rows * (height + gap), columns * (width + gap))[:-gap, :-gap]


def _show(figure: Any, axes: Any, image: Array, colours: str = "magma") -> None:
    """Draw an image with its scale, which is the same on both sides of 0 unless it is "magma"."""
    largest = float(np.nanmax(np.abs(image))) or 1.0
    lowest = 0.0 if colours == "magma" else -largest
    drawn = axes.imshow(image, cmap=colours, vmin=lowest, vmax=largest)
    # An inset is as tall as the image; a slot of its own would be as tall as the figure.
    figure.colorbar(drawn, cax=axes.inset_axes((1.02, 0, 0.03, 1)))
    axes.set_xticks([])
    axes.set_yticks([])


def draw_filters_2d(path: Path, network: Network) -> None:
    """Learned weights of the first two convolutional layers."""
    first, second = (layer.parameters["weight"] for layer in network.layers[:2])
    with _figure(path, 14, 5, "Learned filters, 3 x 3 each") as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1, 2))
        _show(figure, left, mosaic(first.reshape(-1, 4, *first.shape[2:])), "RdBu_r")
        left.set_title(f"layer 0: w⁰, {len(first)} filters on 1 channel")
        _show(figure, right, mosaic(second.transpose(1, 0, 2, 3)), "RdBu_r")
        right.set_title("layer 1: w¹")
        right.set_xlabel(f"output channel (0 to {len(second) - 1})")
        right.set_ylabel(f"input channel (0 to {len(first) - 1})")


def draw_maps_2d(path: Path, network: Network, x: Array, label: int) -> None:
    """One digit on its way through the layers, and what the network makes of it."""
    values = network.trace(x)
    titles = ("x⁰: the image", "x¹: layer 0", "x²: layer 1", "x³: largest of 2 x 2")
    with _figure(path, 13, 8, f"A held-out {label} on its way through the network") as figure:
        axes = figure.subplot_mosaic(
            [["image", "first"], ["second", "pooled"], ["class", "class"]],
            height_ratios=(1.5, 1.5, 1),
        )
        for name, title, value in zip(axes, titles, values, strict=False):
            maps = value[0].reshape(-1, min(8, len(value[0])), *value.shape[2:])
            _show(figure, axes[name], mosaic(maps), "gray_r" if name == "image" else "magma")
            axes[name].set_title(f"{title} ({len(value[0])} x {value.shape[2]} x {value.shape[3]})")
        probability = ACTIVATIONS["softmax"].value(values[-1])[0]
        axes["class"].bar(range(len(probability)), probability)
        axes["class"].set_xticks(range(len(probability)))
        axes["class"].set_ylim(0, 1)
        axes["class"].set_xlabel("digit")
        axes["class"].set_ylabel("probability")
        axes["class"].set_title("softmax of x⁵")


def draw_gradients_2d(path: Path, network: Network, x: Array, labels: Array) -> None:
    """How every pixel of some digits moves the score of the right class."""
    z = network.forward(x)
    grad_x, _ = network.backward(np.eye(z.shape[1], dtype=z.dtype)[labels])
    title = "Gradient images: red pixels would raise the score of the right digit, blue lower it"
    with _figure(path, 14, 4, title) as figure:
        axes = figure.subplots(2, len(x))
        for column, (image, grad, label) in enumerate(zip(x, grad_x, labels, strict=True)):
            largest = float(np.abs(grad).max()) or 1.0
            axes[0, column].imshow(image[0], cmap="gray_r")
            axes[0, column].set_title(f"{label}, read as {z[column].argmax()}", fontsize=9)
            axes[1, column].imshow(grad[0], cmap="RdBu_r", vmin=-largest, vmax=largest)
            axes[1, column].set_title(f"±{largest:.2g}", fontsize=9)
        for each in axes.flat:
            each.set_xticks([])
            each.set_yticks([])
        axes[0, 0].set_ylabel("x⁰")
        axes[1, 0].set_ylabel("d score / dx⁰")


def draw_filters_1d(path: Path, network: Network) -> None:
    """Learned weights of the first convolutional layer."""
    weight = network.layers[0].parameters["weight"][:, 0]
    with _figure(path, 11, 5, "Learned filters of layer 0: w⁰_m over m") as figure:
        axes = figure.subplots(2, len(weight) // 2, sharex=True, sharey=True)
        for channel, (each, w) in enumerate(zip(axes.flat, weight, strict=True)):
            each.axhline(0, color="0.7", linewidth=0.8)
            each.plot(w, marker="o")
            each.set_title(f"channel {channel}", fontsize=9)
            each.set_xticks(range(len(w)))
        figure.supxlabel("tap m")
        figure.supylabel("weight")


def draw_maps_1d(path: Path, network: Network, x: Array, sample_ms: float) -> None:
    """One window on its way through the layers, and the gradient of the forecast in it."""
    values = network.trace(x)
    grad_x, _ = network.backward(np.ones_like(values[-1]))
    times = (np.arange(x.shape[2]) - x.shape[2] + 1) * sample_ms
    titles = ("x¹: layer 0", "x²: largest of 2", "x³: layer 2", "x⁴: largest of 2")
    with _figure(path, 11, 10, "A held-out window on its way through the network") as figure:
        axes = figure.subplots(6, 1, height_ratios=(1.2, 1, 1, 1, 1, 1.2))
        axes[0].plot(times, x[0, 0])
        axes[0].set_ylabel("standardised")
        axes[0].set_title(f"x⁰: the window; the forecast is a change of {values[-1].item():+.2f}")
        for each, title, value in zip(axes[1:5], titles, values[1:5], strict=True):
            drawn = each.imshow(
                value[0], aspect="auto", cmap="magma", extent=_extent(times, len(value[0]))
            )
            each.set_title(f"{title} ({value.shape[1]} channels, {value.shape[2]} positions)")
            each.set_ylabel("channel")
            figure.colorbar(drawn, ax=each)
        axes[5].axhline(0, color="0.7", linewidth=0.8)
        axes[5].bar(times, grad_x[0, 0], width=sample_ms * 0.8)
        axes[5].set_title("gradient: how much the forecast moves with each sample")
        axes[5].set_xlabel("milliseconds from now")
        axes[5].set_ylabel("derivative")
        for each in axes:
            each.set_xlim(times[0] - sample_ms / 2, times[-1] + sample_ms / 2)
        for each in axes[:-1]:
            each.set_xticklabels([])


def _extent(times: Array, channels: int) -> tuple[float, float, float, float]:
    """Edges of an image that is as wide as the times, with channel 0 on top."""
    half = (times[1] - times[0]) / 2
    return times[0] - half, times[-1] + half, channels - 0.5, -0.5


def draw_forecast(path: Path, seconds: Array, curves: Mapping[str, Array]) -> None:
    """Measured and foreseen potential over the held-out time, and a closer look at a part."""
    with _figure(path, 12, 7, "Membrane potential, foreseen 5 ms before (held-out)") as figure:
        axes = figure.subplots(2, 1)
        middle = len(seconds) // 2
        for each, part in zip(axes, (slice(None), slice(middle, middle + 400)), strict=True):
            for (name, curve), style in zip(curves.items(), ("k-", "C0-", "C3-"), strict=True):
                each.plot(seconds[part], curve[part], style, linewidth=1, label=name)
            each.set_ylabel("mV")
            each.grid(alpha=0.3)
            each.margins(x=0.01)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        axes[0].set_title("all of it")
        axes[1].set_title("0.2 seconds of it")
        axes[1].set_xlabel("seconds from the start of the recording")
