"""The convolution that a transposed convolution is the adjoint of.

Its output is the transposed convolution's input (N, C_in, *S), its input the result.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import GeometryError, ShapeError
from .arguments import (
    Padding,
    Pair,
    PerAxis,
    freeze,
    parse_extents,
    parse_ints,
    parse_pairs,
    parse_per_axis,
    parse_positive,
)
from .checks import checked_rank
from .geometry import Geometry


def transposed_geometry(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Geometry:
    """Geometry whose `output_shape` is `input_shape`, and whose `input_shape` is the result's.

    Parameters
    ----------
    input_shape : sequence of int
        (N, C_in, *S).
    weight_shape : sequence of int
        (C_in, C_out / groups, *R).
    stride, dilation, groups
        Those of the convolution.
    padding : int, one int or one (before, after) pair per axis
        Cropped from the result.
    output_padding : int or one int per axis
        Added at the end of each axis; below max(stride, dilation).

    Raises
    ------
    GeometryError, ShapeError
        If the numbers describe no transposed convolution.

    Examples
    --------
    >>> transposed_geometry((1, 8, 5), (8, 4, 3), stride=2, output_padding=1).input_shape
    (1, 4, 12)
    """
    input_shape = parse_extents("input", input_shape)
    weight_shape = parse_extents("weight", weight_shape)
    rank = checked_rank(input_shape, weight_shape)
    _check_channels(input_shape, weight_shape)
    groups = parse_positive("groups", groups)
    steps = parse_per_axis("stride", stride, rank)
    gaps = parse_per_axis("dilation", dilation, rank, " (1 means dense)")
    ends = _parse_output_padding(output_padding, steps, gaps)
    pairs = _parse_pairs(padding, rank)
    axes = zip(input_shape[2:], weight_shape[2:], steps, gaps, pairs, ends, strict=True)
    extents = tuple(_extent(number, *axis) for number, axis in enumerate(axes))
    # A whole stride of output padding would make room for one more output of the convolution:
    # take it back from the padding, because nothing reads those rows.
    trimmed = tuple(
        (before, after - end // step * step)
        for (before, after), end, step in zip(pairs, ends, steps, strict=True)
    )
    result_shape = (input_shape[0], weight_shape[1] * groups, *extents)
    return Geometry.of(
        result_shape, weight_shape, stride=steps, padding=trimmed, dilation=gaps, groups=groups
    )


def _check_channels(input_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> None:
    if weight_shape[0] != input_shape[1]:
        raise ShapeError(
            f"weight: first extent must be the input channels {input_shape[1]}; "
            f"got {weight_shape[0]} in shape {weight_shape}"
        )


def _parse_pairs(padding: Padding, rank: int) -> tuple[Pair, ...]:
    if isinstance(padding, str):
        raise GeometryError(
            f"padding: must be integers or (before, after) pairs for a transposed convolution; "
            f"got {padding!r}"
        )
    return parse_pairs(padding, rank)


def _parse_output_padding(
    value: object, stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[int, ...]:
    value = freeze(value)
    entries = value if isinstance(value, tuple) else (value,) * len(stride)
    ends = parse_ints("output_padding", entries)
    if len(ends) != len(stride):
        raise GeometryError(
            f"output_padding: expected one integer for each of {len(stride)} spatial axes; "
            f"got {ends}"
        )
    limits = tuple(max(pair) for pair in zip(stride, dilation, strict=True))
    if any(not 0 <= end < limit for end, limit in zip(ends, limits, strict=True)):
        raise GeometryError(
            f"output_padding: every entry must be >= 0 and below max(stride, dilation) = "
            f"{limits}; got {ends}"
        )
    return ends


def _extent(
    axis: int, extent: int, taps: int, stride: int, dilation: int, padding: Pair, end: int
) -> int:
    """Extent of the result; an empty axis is what a padded extent of 0 gives, and gives it back."""
    full = (extent - 1) * stride + dilation * (taps - 1) + 1 + end if extent else 0
    if extent == 0 and end:
        raise GeometryError(f"output_padding: must be 0 on an empty axis; got {end}")
    result = full - sum(padding)
    if result < 0:
        raise GeometryError(
            f"padding: crops {sum(padding)} of the {full} elements of the result on spatial "
            f"axis {axis}; got {padding}"
        )
    return result
