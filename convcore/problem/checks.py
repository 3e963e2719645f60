"""What makes shapes and numbers no convolution: a sentence for each fault, with its value."""

from __future__ import annotations

from math import prod
from typing import Any, TypeAlias

from ..errors import GeometryError, ShapeError
from .arguments import parse_per_axis, parse_positive

Geometry: TypeAlias = Any  # of geometry.py, which is built on this

MAX_RANK = 16
# Beyond this an array of the widest dtype (16 bytes) could not be addressed with 64 bits.
MAX_ELEMENTS = 2**59


def checked_rank(input_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> int:
    """Spatial rank that both shapes agree on."""
    rank = len(input_shape) - 2
    if not 1 <= rank <= MAX_RANK:
        hint = "; add axes as in x[None, None]" if rank < 1 else ""
        raise ShapeError(
            f"input: must have 3 to {MAX_RANK + 2} axes (N, C, *S); got {len(input_shape)} "
            f"in shape {input_shape}{hint}"
        )
    if len(weight_shape) != len(input_shape):
        raise ShapeError(
            f"weight: must have as many axes as input, {len(input_shape)}; "
            f"got {len(weight_shape)} in shape {weight_shape}"
        )
    return rank


def check_group_channels(
    input_shape: tuple[int, ...], weight_shape: tuple[int, ...], groups: int
) -> None:
    """The weight has the input channels of one group."""
    channels = input_shape[1]
    _check_groups(channels, weight_shape[0], groups)
    if weight_shape[1] != channels // groups:
        raise ShapeError(
            f"weight: second extent must be C / groups = {channels} / {groups} = "
            f"{channels // groups}; got {weight_shape[1]} in shape {weight_shape}"
        )


def check_channels(geometry: Geometry) -> None:
    """Batch and channels are counts that the groups divide."""
    for name in ("batch", "in_channels", "out_channels"):
        if getattr(geometry, name) < 0:
            raise GeometryError(f"{name}: must be >= 0; got {getattr(geometry, name)}")
    groups = parse_positive("groups", geometry.groups)
    _check_groups(geometry.in_channels, geometry.out_channels, groups)


def _check_groups(in_channels: int, out_channels: int, groups: int) -> None:
    if in_channels % groups or out_channels % groups:
        raise GeometryError(
            f"groups: must divide the input channels {in_channels} and the output channels "
            f"{out_channels}; got {groups}"
        )


def check_axes(geometry: Geometry) -> None:
    """Each spatial axis has an entry of everything, and room for the receptive field."""
    rank = len(geometry.input_extents)
    if not 1 <= rank <= MAX_RANK:
        raise GeometryError(f"input_extents: must be of 1 to {MAX_RANK} axes; got {rank}")
    for name in ("kernel_extents", "stride", "dilation", "padding"):
        if len(getattr(geometry, name)) != rank:
            raise GeometryError(
                f"{name}: expected one entry for each of {rank} spatial axes; "
                f"got {getattr(geometry, name)}"
            )
    if min(geometry.kernel_extents) < 1:
        raise GeometryError(
            f"weight: every kernel extent must be >= 1; got {geometry.kernel_extents}"
        )
    parse_per_axis("stride", geometry.stride, rank)
    parse_per_axis("dilation", geometry.dilation, rank, " (1 means dense)")
    for axis in range(rank):
        _check_axis(geometry, axis)


def _check_axis(geometry: Geometry, axis: int) -> None:
    extent, (before, after) = geometry.input_extents[axis], geometry.padding[axis]
    cropped = max(0, -before) + max(0, -after)
    if cropped > extent:
        raise GeometryError(
            f"padding: crops {cropped} of the {extent} elements on spatial axis {axis}; "
            f"got {(before, after)}"
        )
    padded, field = geometry.padded_extents[axis], geometry.receptive_field[axis]
    if 0 < padded < field:
        raise GeometryError(
            f"input: receptive field {geometry.receptive_field} exceeds the padded extents "
            f"{geometry.padded_extents} on spatial axis {axis}; got {padded} < {field}"
        )


def check_sizes(geometry: Geometry) -> None:
    """Every array can be addressed, and could be if an empty axis had an element."""
    padded = (geometry.batch, geometry.in_channels, *geometry.padded_extents)
    shapes = {
        "input": geometry.input_shape,
        "weight": geometry.weight_shape,
        "output": geometry.output_shape,
        "padded input": padded,
    }
    for name, shape in shapes.items():
        elements = prod(max(1, extent) for extent in shape)
        if elements > MAX_ELEMENTS:
            raise GeometryError(
                f"{name}: must hold at most 2**59 elements; got {elements} in shape {shape}"
            )
