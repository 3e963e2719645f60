"""Depthwise layers whose channels stand last, without a copy of the images."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from convcore.plugin import Array, Geometry, Operation

from ._parts import depthwise_last, depthwise_last_gradient

MOST_AXES = 2
DTYPES = (np.dtype("float32"), np.dtype("float64"))
# Step, dilation, and source positions before the first.
Reading = tuple[int, int, int]


def run(
    geometry: Geometry, operation: Operation, first: Array, second: Array, out: Array, threads: int
) -> bool:
    """See `Convolution.run_channels_last`."""
    readings = _readings(geometry, operation)
    if readings is None or first.dtype not in DTYPES:
        return False
    arrays = first, second, out
    shapes = tuple(array.shape for array in arrays)
    if shapes != geometry.signatures[operation] or {array.dtype for array in arrays} != {
        first.dtype
    }:
        raise ValueError(f"arrays: must have one dtype and the shapes of {operation}; got {shapes}")
    if operation == "grad_weight":
        return _run_grad_weight(first, second, out, readings, threads)
    factors = second if operation == "forward" else np.flip(second, tuple(range(2, second.ndim)))
    weight = np.ascontiguousarray(_taps_first(factors))
    return depthwise_last(_image(first), weight, _image(out), *readings, threads)


def _run_grad_weight(
    grad_output: Array, input: Array, out: Array, readings: tuple[Reading, Reading], threads: int
) -> bool:
    view = _taps_first(out)
    weight = np.empty(view.shape, view.dtype)
    images = _image(input), _image(grad_output)
    done = depthwise_last_gradient(images[0], weight, images[1], *readings, threads)
    if done:
        view[...] = weight
    return done


@lru_cache(maxsize=256)
def _readings(geometry: Geometry, operation: Operation) -> tuple[Reading, Reading] | None:
    """How rows and columns are read; None where it is not for this problem."""
    depthwise = geometry.groups == geometry.in_channels == geometry.out_channels
    if not depthwise or geometry.spatial_rank > MOST_AXES or geometry.degenerate:
        return None
    dilation, before = geometry.dilation, [pair[0] for pair in geometry.padding]
    step: tuple[int, ...] = geometry.stride
    if operation == "grad_input":
        if set(step) != {1}:
            return None  # it would be no single correlation
        fields = zip(geometry.receptive_field, before, strict=True)
        before = [field - 1 - one for field, one in fields]
    rows, *columns = zip(step, dilation, before, strict=True)
    return (rows, columns[0]) if columns else ((1, 1, 0), rows)


def _image(array: Array) -> Array:
    """A view (N, H, W, C), H being 1 where there is one axis."""
    image = array.transpose(0, *range(2, array.ndim), 1)
    if not image.flags.c_contiguous:
        raise ValueError("arrays: must be images whose channels stand last in memory")
    return image if image.ndim == 2 + MOST_AXES else image[:, None]


def _taps_first(weight: Array) -> Array:
    """A view (R, S, C) of a weight (C, 1, *R)."""
    taps = weight[:, 0].transpose(*range(1, weight.ndim - 1), 0)
    return taps if taps.ndim == 1 + MOST_AXES else taps[None]
