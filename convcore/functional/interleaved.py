"""Images whose pixels are interleaved, as colours are, under one kernel for all of them.

Where a batch of single channels is the innermost axis in memory, it can be looked at as one more
spatial axis with a single tap, and nothing has to be copied into another order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import settings
from ..contract import Array
from ..problem import MAX_RANK, Geometry, Operation
from .call import Call
from .calls import slabwise_call_for
from .padding_modes import PaddingMode, parse_modes


def is_interleaved(geometry: Geometry, *images: Array) -> bool:
    """Whether arrays (N, 1, *S) of a problem are of that kind."""
    return (
        geometry.batch > 1
        and geometry.in_channels == geometry.out_channels == 1
        and geometry.stride[-1] == 1
        and geometry.spatial_rank < MAX_RANK
        and all(map(_batch_is_innermost, images))
        # One sample must not change the bits of another.
        and settings.resolve().deterministic != "batch"
    )


def _batch_is_innermost(image: Array) -> bool:
    step = image.itemsize
    return image.strides[0] == step and image.strides[-1] == len(image) * step


def as_axis(array: Array) -> Array:
    """(N, 1, *S) as (1, 1, *S, N); a weight (1, 1, *R) as (1, 1, *R, 1)."""
    return np.moveaxis(array, 0, -1)[np.newaxis]


def interleaved_call(
    call: Call, padding_mode: PaddingMode, operation: Operation, backend: settings.BackendSpec
) -> Call:
    """The call that has the batch of `call` as its last spatial axis."""
    geometry = call.geometry
    modes = (*parse_modes(padding_mode, geometry.spatial_rank), "zeros")
    steps: Any = (
        (*geometry.stride, 1),
        (*geometry.padding, (0, 0)),
        (*geometry.dilation, 1),
        geometry.groups,
    )
    shapes = (
        (1, 1, *geometry.input_extents, geometry.batch),
        (1, 1, *geometry.kernel_extents, 1),
    )
    return slabwise_call_for(*shapes, call.dtype, steps, modes, operation, backend)
