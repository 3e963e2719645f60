"""`lax.conv_general_dilated` in our words: which of the three maps it is, of what.

JAX writes both gradients of a convolution as convolutions. The input's has a dilated left operand,
which makes it a transposed convolution here. The weight's has the output's gradient as its window,
larger than the result: it is `grad_weight` here, whose batch is JAX's channels.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...contract import Array
from ..maps import Problem, Shape, map_for


class Asked(NamedTuple):
    """What `conv_general_dilated` is asked for, with all shapes in our order of axes."""

    input_shape: Shape
    weight_shape: Shape
    output_shape: Shape
    stride: Shape
    padding: tuple[tuple[int, int], ...]
    input_dilation: Shape
    dilation: Shape
    groups: int
    batch_groups: int


def translated(input: Any, weight: Any, output: Any, given: dict[str, Any]) -> Any:
    """A function of the two arrays that computes it by ours, or None where none does.

    Parameters
    ----------
    input, weight, output : object with a shape
        As JAX has them.
    given : dict
        The parameters of the primitive.
    """
    orders = [tuple(order) for order in given["dimension_numbers"]]
    shapes: Any = (
        tuple(array.shape[axis] for axis in order)
        for array, order in zip((input, weight, output), orders, strict=True)
    )
    x, w, y = shapes
    asked = Asked(
        x,
        w,
        y,
        tuple(given["window_strides"]),
        tuple(tuple(pair) for pair in given["padding"]),
        tuple(given["lhs_dilation"]),
        tuple(given["rhs_dilation"]),
        given["feature_group_count"],
        given["batch_group_count"],
    )
    run = _computing(asked) if _ours(asked) else None
    back = tuple(np.argsort(orders[2]))

    def compute(x: Array, w: Array) -> Array:
        result = run(_contiguous(x, orders[0]), _contiguous(w, orders[1]))  # type: ignore[misc]
        return _contiguous(result, back)

    return None if run is None else compute


def _contiguous(array: Array, order: Shape) -> Array:
    return np.ascontiguousarray(array.transpose(order))


def _ours(asked: Asked) -> bool:
    """Whether it is not empty, and has spatial axes."""
    shapes = (asked.input_shape, asked.weight_shape, asked.output_shape)
    return len(asked.input_shape) > 2 and all(map(prod, shapes))


def _computing(asked: Asked) -> Callable[..., Array] | None:
    plain = max(asked.input_dilation) == 1
    if plain and asked.groups == 1 and _larger_window(asked):
        return _weight_gradient(asked)
    if asked.batch_groups > 1:
        return None
    if plain:
        problem = Problem(asked.stride, asked.padding, asked.dilation, asked.groups)
        return map_for("g", asked.output_shape, problem)
    return _transposed(asked) if max(asked.stride) == 1 else None


def _larger_window(asked: Asked) -> bool:
    """Whether it looks like the gradient of a weight."""
    window, output = asked.weight_shape[2:], asked.output_shape[2:]
    return asked.batch_groups > 1 or prod(window) > prod(output)


def _weight_gradient(asked: Asked) -> Callable[..., Array]:
    """With x of shape (channels, N, *S) and g of shape (K, N, *O) in JAX's words."""
    taps, extents = asked.output_shape[2:], asked.weight_shape[2:]
    axes = zip(asked.padding, taps, extents, asked.stride, asked.dilation, strict=True)
    padding = tuple(
        (before, gap * (tap - 1) + (extent - 1) * step + 1 - size - before)
        for ((before, _), tap, extent, gap, step), size in zip(
            axes, asked.input_shape[2:], strict=True
        )
    )
    problem = Problem(asked.dilation, padding, asked.stride, asked.batch_groups)
    channels, outputs = asked.output_shape[:2]
    compute = map_for("w", (outputs, channels, *taps), problem)

    def run(x: Array, g: Array) -> Array:
        gradient = compute(_swapped(g), _swapped(x))
        return gradient.swapaxes(0, 1)

    return run


def _swapped(array: Array) -> Array:
    return np.ascontiguousarray(array.swapaxes(0, 1))


def _transposed(asked: Asked) -> Callable[..., Array]:
    """By the transposed convolution whose stride is the dilation of the input."""
    outputs, channels, *taps = asked.weight_shape
    spans = (gap * (tap - 1) for gap, tap in zip(asked.dilation, taps, strict=True))
    padding = tuple(
        (span - before, span - after)
        for span, (before, after) in zip(spans, asked.padding, strict=True)
    )
    groups = asked.groups
    problem = Problem(asked.input_dilation, padding, asked.dilation, groups)
    compute = map_for("x", asked.output_shape, problem)

    def run(x: Array, w: Array) -> Array:
        turned = np.flip(w, tuple(range(2, w.ndim)))
        split = turned.reshape(groups, outputs // groups, channels, *taps).swapaxes(1, 2)
        return compute(x, split.reshape(groups * channels, outputs // groups, *taps))

    return run
