"""The convolution that a transposed convolution is the adjoint of.

Its output is the transposed convolution's input (N, C_in, *S), its input the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul

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

# Names of paddings that a transposed convolution takes.
NAMES = ("valid", "same", "same_lower")


def transposed_geometry(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    output_shape: PerAxis | None = None,
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
    padding : int, one int or one (before, after) pair per axis, or a name
        Cropped from the result. "valid" is nothing; "same" makes the result's extents S * stride,
        with the odd element cropped at the end, "same_lower" at the beginning.
    output_padding : int or one int per axis
        Added at the end of each axis; below max(stride, dilation).
    output_shape : int or one int per axis, optional
        Extents of the result, from which the padding follows; the odd element is cropped at the
        beginning, as in ONNX, unless `padding` is "same".

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
    axes = zip(input_shape[2:], weight_shape[2:], steps, gaps, ends, strict=True)
    full = tuple(_full_extent(*axis) for axis in axes)
    wanted = _wanted_extents(output_shape, padding, input_shape[2:], steps)
    pairs = _parse_pairs(padding, full, wanted)
    extents = _cropped(full, pairs)
    # A whole stride of output padding would make room for one more output of the convolution:
    # take it back from the padding, because nothing reads those rows.
    trimmed = tuple(
        (before, after - end // step * step)
        for (before, after), end, step in zip(pairs, ends, steps, strict=True)
    )
    _check_reach(extents, trimmed, ends)
    result_shape = (input_shape[0], weight_shape[1] * groups, *extents)
    return Geometry.of(
        result_shape, weight_shape, stride=steps, padding=trimmed, dilation=gaps, groups=groups
    )


def _check_reach(
    extents: tuple[int, ...], trimmed: tuple[Pair, ...], ends: tuple[int, ...]
) -> None:
    for extent, (before, after), end in zip(extents, trimmed, ends, strict=True):
        if max(0, -before) + max(0, -after) > extent:
            raise GeometryError(
                "output_padding: must not reach so far that nothing reads any of the result; "
                f"got {end} with {extent} elements; convolve without it and pad the result"
            )


def _check_channels(input_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> None:
    if weight_shape[0] != input_shape[1]:
        raise ShapeError(
            f"weight: first extent must be the input channels {input_shape[1]}; "
            f"got {weight_shape[0]} in shape {weight_shape}"
        )


def _wanted_extents(
    output_shape: PerAxis | None,
    padding: Padding,
    extents: tuple[int, ...],
    stride: tuple[int, ...],
) -> tuple[int, ...] | None:
    """Extents of the result where the padding follows from them."""
    if isinstance(padding, str) and padding not in NAMES:
        raise GeometryError(
            f"padding: must be integers, (before, after) pairs or one of {', '.join(NAMES)} for a "
            f"transposed convolution; got {padding!r}"
        )
    if output_shape is None:
        same = padding in ("same", "same_lower")
        return tuple(map(mul, extents, stride)) if same else None
    if padding == "valid" or (not isinstance(padding, str) and freeze(padding) != 0):
        raise GeometryError(
            f"padding: follows from output_shape; got {padding!r}; leave one of them out"
        )
    wanted = freeze(output_shape)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,) * len(extents)
    wanted = parse_ints("output_shape", wanted)
    if len(wanted) != len(extents) or min(wanted) < 0:
        raise GeometryError(
            f"output_shape: expected one integer >= 0 for each of {len(extents)} spatial axes; "
            f"got {wanted}"
        )
    return wanted


def _parse_pairs(
    padding: Padding, full: tuple[int, ...], wanted: tuple[int, ...] | None
) -> tuple[Pair, ...]:
    if wanted is None:
        return parse_pairs(0 if padding == "valid" else padding, len(full))
    totals = (extent - want for extent, want in zip(full, wanted, strict=True))
    return tuple(_split(total, lower=padding != "same") for total in totals)


def _split(total: int, *, lower: bool) -> Pair:
    """Padding of this total; what the result is too short by is zeros at its end."""
    if total < 0:
        return (0, total)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


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


def _full_extent(extent: int, taps: int, stride: int, dilation: int, end: int) -> int:
    """Extent before cropping; an empty axis is what a padded extent of 0 gives, and gives it."""
    if extent == 0 and end:
        raise GeometryError(f"output_padding: must be 0 on an empty axis; got {end}")
    return (extent - 1) * stride + dilation * (taps - 1) + 1 + end if extent else 0


def _cropped(full: tuple[int, ...], pairs: tuple[Pair, ...]) -> tuple[int, ...]:
    """Extents of the result."""
    for axis, (extent, padding) in enumerate(zip(full, pairs, strict=True)):
        if sum(padding) > extent:
            raise GeometryError(
                f"padding: crops {sum(padding)} of the {extent} elements of the result on spatial "
                f"axis {axis}; got {padding}"
            )
    return tuple(extent - sum(padding) for extent, padding in zip(full, pairs, strict=True))
