"""What makes shapes and numbers no convolution: a sentence for each fault, with its value."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, TypeAlias

from ..errors import GeometryError, ShapeError
from .arguments import freeze, parse_count, parse_ints, parse_positive

Geometry: TypeAlias = Any  # of geometry.py, which is built on this

MAX_RANK = 16
# Beyond this an array of the widest dtype (16 bytes) could not be addressed with 64 bits.
MAX_ELEMENTS = 2**59
# The fields of a geometry that have one positive integer for each spatial axis, how a sentence
# names them, and what it adds.
_STEPS = {
    "kernel_extents": ("weight: every kernel extent", ""),
    "stride": ("stride: every entry", ""),
    "dilation": ("dilation: every entry", " (1 means dense)"),
}
_NAME_AXES = "name those of both by layout= and weight_layout="


def checked_rank(input_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> int:
    """Spatial rank that both shapes agree on."""
    rank = len(input_shape) - 2
    if not 1 <= rank <= MAX_RANK:
        hint = f"; add axes as in x[None, None], or {_NAME_AXES}" if rank < 1 else ""
        raise ShapeError(
            f"input: must have 3 to {MAX_RANK + 2} axes (N, C, *S); got {len(input_shape)} "
            f"in shape {input_shape}{hint}"
        )
    if len(weight_shape) != len(input_shape):
        raise ShapeError(
            f"weight: must have as many axes as input, {len(input_shape)}; "
            f"got {len(weight_shape)} in shape {weight_shape}; {_NAME_AXES}"
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
            f"{_hint(input_shape[-1], weight_shape[1])}"
        )


def _hint(last_extent: int, channels: int) -> str:
    """What may have been meant where a weight has other channels than an input."""
    if channels == last_extent:
        return "; where the channels come last, say so by layout=, as in 'NHWC'"
    if channels == 1:
        return "; to filter each channel by itself, make it a sample: N in layout="
    return ""


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a geometry as ints and tuples of ints, each in the range of its kind."""
    counts = {
        name: parse_count(name, fields[name]) for name in ("batch", "in_channels", "out_channels")
    }
    groups = parse_positive("groups", fields["groups"])
    _check_groups(counts["in_channels"], counts["out_channels"], groups)
    extents = _per_axis("input_extents", fields, None)
    if min(extents) < 0:
        raise GeometryError(f"input_extents: every extent must be >= 0; got {extents}")
    steps = {name: _per_axis(name, fields, len(extents)) for name in _STEPS}
    for name, (named, meaning) in _STEPS.items():
        if min(steps[name]) < 1:
            raise GeometryError(f"{named} must be >= 1{meaning}; got {steps[name]}")
    padding = _pairs(fields, len(extents))
    return counts | {"groups": groups, "input_extents": extents, "padding": padding} | steps


def _check_groups(in_channels: int, out_channels: int, groups: int) -> None:
    if in_channels % groups or out_channels % groups:
        raise GeometryError(
            f"groups: must divide the input channels {in_channels} and the output channels "
            f"{out_channels}; got {groups}"
        )


def _per_axis(name: str, fields: Mapping[str, Any], rank: int | None) -> tuple[int, ...]:
    """One int for each of `rank` axes, or of as many as there may be."""
    return parse_ints(name, _entries(name, fields, rank))


def _pairs(fields: Mapping[str, Any], rank: int) -> tuple[tuple[int, int], ...]:
    entries = _entries("padding", fields, rank)
    for entry in entries:
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise GeometryError(
                f"padding: every entry must be a (before, after) pair; got {fields['padding']!r}"
            )
    return tuple(parse_ints("padding", entry) for entry in entries)  # type: ignore[misc]


def _entries(name: str, fields: Mapping[str, Any], rank: int | None) -> tuple[Any, ...]:
    entries = freeze(fields[name])
    if not isinstance(entries, tuple):
        raise GeometryError(f"{name}: must be a tuple, one entry for each axis; got {entries!r}")
    if rank is None and not 1 <= len(entries) <= MAX_RANK:
        raise GeometryError(f"{name}: must be of 1 to {MAX_RANK} axes; got {len(entries)}")
    if rank is not None and len(entries) != rank:
        raise GeometryError(
            f"{name}: expected one entry for each of {rank} spatial axes; got {entries}"
        )
    return entries


def check_axes(geometry: Geometry) -> None:
    """Each spatial axis has room for the receptive field, and no more is cropped than there is."""
    for axis, (before, after) in enumerate(geometry.padding):
        if before < 0 or after < 0:
            _check_crop(geometry, axis)
        padded, field = geometry.padded_extents[axis], geometry.receptive_field[axis]
        if 0 < padded < field:
            raise GeometryError(
                f"input: receptive field {geometry.receptive_field} exceeds the padded extents "
                f"{geometry.padded_extents} on spatial axis {axis}; got {padded} < {field}"
            )


def _check_crop(geometry: Geometry, axis: int) -> None:
    extent, (before, after) = geometry.input_extents[axis], geometry.padding[axis]
    cropped = max(0, -before) + max(0, -after)
    if cropped > extent:
        raise GeometryError(
            f"padding: crops {cropped} of the {extent} elements on spatial axis {axis}; "
            f"got {(before, after)}"
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
        elements = prod(shape) or prod(max(1, extent) for extent in shape)
        if elements > MAX_ELEMENTS:
            raise GeometryError(
                f"{name}: must hold at most 2**59 elements; got {elements} in shape {shape}"
            )
