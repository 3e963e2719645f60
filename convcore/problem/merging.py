"""The same problem with fewer axes: one that has a single tap is part of the one before it."""

from __future__ import annotations

from dataclasses import replace

from .geometry import Geometry


def merged(geometry: Geometry) -> Geometry:
    """`geometry` without a last axis of a single tap, whose elements the axis before takes over.

    An array (..., W, C) is an array (..., W C) in the same memory, in which the taps stand C times
    as far apart. That holds where neither axis has a stride and the last one no padding.

    Examples
    --------
    >>> merged(Geometry.of((1, 1, 9, 8, 3), (1, 1, 5, 5, 1), padding=((2, 2), (2, 2), (0, 0))))
    Geometry(batch=1, in_channels=1, out_channels=1, groups=1, input_extents=(9, 24),
             kernel_extents=(5, 5), stride=(1, 1), dilation=(1, 3), padding=((2, 2), (6, 6)))
    """
    if (
        geometry.spatial_rank == 1
        or geometry.kernel_extents[-1] > 1
        or geometry.padding[-1] != (0, 0)
        or geometry.stride[-2:] != (1, 1)
    ):
        return geometry
    extents, width = geometry.input_extents, geometry.input_extents[-1]
    before, after = geometry.padding[-2]
    return replace(
        geometry,
        input_extents=(*extents[:-2], extents[-2] * width),
        kernel_extents=geometry.kernel_extents[:-1],
        stride=geometry.stride[:-1],
        dilation=(*geometry.dilation[:-2], geometry.dilation[-2] * width),
        padding=(*geometry.padding[:-2], (before * width, after * width)),
    )
