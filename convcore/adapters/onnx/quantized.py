"""ConvInteger and QLinearConv: exact sums of the integers, carried in floating point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx.reference.op_run import OpRun

from ...typing import Array
from .attributes import steps
from .convolutions import Prepared, convolved

# Backends whose sums of integers are exact where a float of the dtype holds every partial sum.
EXACT = ["direct", "im2col", "naive"]
# The largest distance of a quantised number from its zero point.
LARGEST = 255


class Quantised(OpRun):  # type: ignore[misc]
    """A convolution of integers; a weight and a zero point that are constants are prepared once."""

    _constants: tuple[Any, Any] = (None, None)
    prepared: Prepared | None = None

    def prepare(self, w: Array, w_zero: Array | None = None) -> None:
        """Make the weight ready, which must stay as it is."""
        self._constants = w, w_zero
        self.prepared = Prepared(beyond(w, w_zero))

    def exact_sums(
        self,
        x: Array,
        x_zero: Array | None,
        w: Array,
        w_zero: Array | None,
        attributes: Mapping[str, Any],
    ) -> Array:
        """The convolution of what `x` and `w` are beyond their zero points, in a float.

        Padding stands for the number zero, as it does in the specification.
        """
        kept, kept_zero = self._constants
        prepared = self.prepared if kept is w and kept_zero is w_zero else None
        weight = beyond(w, w_zero) if prepared is None else prepared.weight
        given = x.astype(weight.dtype)
        if x_zero is not None:
            given -= float(x_zero.item())
        keywords = steps(attributes, x.ndim - 2)
        return convolved(given, weight, prepared, backend=EXACT, **keywords)


class ConvInteger(Quantised):
    """ONNX's ConvInteger."""

    WEIGHT = (1, 3)

    def _run(
        self,
        x: Array,
        w: Array,
        x_zero_point: Array | None = None,
        w_zero_point: Array | None = None,
        **attributes: Any,
    ) -> tuple[Array]:
        sums = self.exact_sums(x, x_zero_point, w, w_zero_point, attributes)
        return (sums.astype(np.int64).astype(np.int32),)


class QLinearConv(Quantised):
    """ONNX's QLinearConv; ties are rounded to even numbers."""

    WEIGHT = (3, 5)

    def _run(
        self,
        x: Array,
        x_scale: Array,
        x_zero_point: Array,
        w: Array,
        w_scale: Array,
        w_zero_point: Array,
        y_scale: Array,
        y_zero_point: Array,
        bias: Array | None = None,
        **attributes: Any,
    ) -> tuple[Array]:
        sums = self.exact_sums(x, x_zero_point, w, w_zero_point, attributes)
        y = sums.astype(np.float64)
        if bias is not None:
            y += _per_channel(bias, y.ndim)
        y *= _per_channel(np.float64(x_scale) * w_scale / y_scale, y.ndim)
        np.rint(y, out=y)
        y += np.float64(y_zero_point)
        limits = np.iinfo(y_zero_point.dtype)
        return (y.clip(limits.min, limits.max, out=y).astype(y_zero_point.dtype),)


def beyond(w: Array, w_zero: Array | None) -> Array:
    """A weight beyond its zero points, in the float that holds all sums with it."""
    weight = w.astype(np.int32) - (0 if w_zero is None else _per_channel(w_zero, w.ndim, 0))
    sizes = np.abs(weight).reshape(len(w), -1).sum(axis=1, dtype=np.int64)
    return weight.astype("float32" if LARGEST * sizes.max(initial=0) <= 2**24 else "float64")


def _per_channel(values: Any, rank: int, axis: int = 1) -> Array:
    """A scalar, or one value for each entry along `axis`, to be combined with an array."""
    found = np.asarray(values)
    found = found.astype(np.int32) if found.dtype.kind in "iu" else found
    return found.reshape(-1, *(1,) * (rank - 1 - axis)) if found.size > 1 else found.reshape(())
