"""ONNX's attributes of convolutions and pools, as the arguments that convcore takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._windows import Window, padded_window, same_window

# Values of auto_pad that are names of paddings here; NOTSET leaves it to pads.
PADDINGS = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}


def steps(attributes: Mapping[str, Any], rank: int) -> dict[str, Any]:
    """Stride, padding, dilation and groups of a convolution of this spatial rank.

    Examples
    --------
    >>> steps({"pads": [1, 0, 1, 2], "strides": [2, 2], "auto_pad": "NOTSET", "group": 1}, 2)
    {'stride': (2, 2), 'padding': ((1, 1), (0, 2)), 'dilation': (1, 1), 'groups': 1}
    """
    return {
        "stride": per_axis(attributes.get("strides"), rank),
        "padding": PADDINGS.get(attributes.get("auto_pad") or "") or pairs(attributes, rank),
        "dilation": per_axis(attributes.get("dilations"), rank),
        "groups": attributes.get("group") or 1,
    }


def per_axis(values: Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """One entry for each axis, 1 where the attribute is not given."""
    return tuple(values) if values else (1,) * rank


def pairs(attributes: Mapping[str, Any], rank: int) -> tuple[tuple[int, int], ...]:
    """The attribute pads, which has all the beginnings first, as one pair for each axis."""
    pads = attributes.get("pads") or (0,) * 2 * rank
    return tuple(zip(pads[:rank], pads[rank:], strict=True))


def windows(attributes: Mapping[str, Any], shape: Sequence[int]) -> dict[int, Window]:
    """The windows of a pool of an input of this shape (N, C, *S), by axis."""
    rank = len(shape) - 2
    axes = zip(
        shape[2:],
        attributes["kernel_shape"],
        per_axis(attributes.get("strides"), rank),
        per_axis(attributes.get("dilations"), rank),
        strict=True,
    )
    padding = PADDINGS.get(attributes.get("auto_pad") or "")
    if padding in ("same", "same_lower"):
        found = [same_window(*axis, lower=padding == "same_lower") for axis in axes]
    elif padding == "valid":
        found = [padded_window(*axis) for axis in axes]
    else:
        ceil, ends = bool(attributes.get("ceil_mode")), pairs(attributes, rank)
        found = [
            padded_window(*axis, *end, ceil=ceil) for axis, end in zip(axes, ends, strict=True)
        ]
    return dict(enumerate(found, 2))
