"""Resize to the nearest element by whole factors, which is how networks enlarge feature maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx.reference.ops.op_resize import Resize as ReferenceResize

from ...typing import Array

# Where output element i of an axis that is enlarged f times lies in the input: p / (2 f).
COORDINATES: dict[str, Callable[[Array, int], Array]] = {
    "asymmetric": lambda i, f: 2 * i,
    "half_pixel": lambda i, f: 2 * i + 1 - f,
}
# The integer beside p / q that is read.
NEAREST: dict[str, Callable[[Array, int], Array]] = {
    "floor": lambda p, q: p // q,
    "ceil": lambda p, q: -(-p // q),
    "round_prefer_floor": lambda p, q: -((q - 2 * p) // (2 * q)),
    "round_prefer_ceil": lambda p, q: (2 * p + q) // (2 * q),
}


class Resize(ReferenceResize):  # type: ignore[misc]
    """ONNX's Resize by whole factors and to the nearest element; any other is the reference's."""

    def _run(
        self,
        x: Array,
        roi: Array | None = None,
        scales: Array | None = None,
        sizes: Array | None = None,
        **attributes: Any,
    ) -> Any:
        factors = _whole_factors(x.shape, scales, sizes, attributes)
        if factors is None:
            return super()._run(x, roi, scales, sizes, **attributes)
        for axis in reversed(range(x.ndim)):  # the last first, while the array is small
            if factors[axis] > 1:
                x = x.take(_sources(x.shape[axis], factors[axis], attributes), axis=axis)
        return (x,)


def _whole_factors(
    shape: Sequence[int], scales: Array | None, sizes: Array | None, attributes: dict[str, Any]
) -> list[int] | None:
    """By how much each axis is enlarged; None where that is not all there is to it."""
    known = (
        attributes.get("mode") == "nearest"
        and not attributes.get("antialias")
        and not attributes.get("axes")
        and attributes.get("coordinate_transformation_mode") in COORDINATES
        and attributes.get("nearest_mode") in NEAREST
        and attributes.get("keep_aspect_ratio_policy") in (None, "stretch")
    )
    if not known or 0 in shape:
        return None
    if scales is not None and scales.size:
        wanted = scales.astype(float)
    else:
        wanted = np.asarray(sizes, float) / shape
    return [int(f) for f in wanted] if all(f >= 1 and f == int(f) for f in wanted) else None


def _sources(extent: int, factor: int, attributes: dict[str, Any]) -> Array:
    """Which element each output element is."""
    place = COORDINATES[attributes["coordinate_transformation_mode"]]
    positions = place(np.arange(extent * factor), factor)
    return NEAREST[attributes["nearest_mode"]](positions, 2 * factor).clip(0, extent - 1)
