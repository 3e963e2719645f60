"""Depthwise layers whose channels stand last, without a copy of the images."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from convcore.plugin import Array, Geometry, Operation

from ._parts import depthwise_last

MOST_AXES = 2
# Step, dilation, and source positions before the first.
Reading = tuple[int, int, int]


def run(
    geometry: Geometry, operation: Operation, first: Array, weight: Array, out: Array, threads: int
) -> bool:
    """See `Convolution.run_channels_last`."""
    readings = _readings(geometry, operation)
    if readings is None or first.dtype.kind != "f":
        return False
    if operation == "grad_input":
        weight = np.flip(weight, tuple(range(2, weight.ndim)))
    space = tuple(range(2, weight.ndim))
    arrays = (
        first.transpose(0, *space, 1),
        weight.transpose(1, *space, 0),
        out.transpose(0, *space, 1),
    )
    source, factors, target = map(_with_rows, arrays)
    return depthwise_last(source, np.ascontiguousarray(factors)[0], target, *readings, threads)


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


def _with_rows(array: Array) -> Array:
    """(N, W, C) as (N, 1, W, C)."""
    return array if array.ndim == 2 + MOST_AXES else array[:, None]
