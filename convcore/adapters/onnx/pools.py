"""Pools, as maxima and means over windows; half precision is summed in single."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx.reference.op_run import OpRun
from onnx.reference.ops.op_max_pool import MaxPool as ReferenceMaxPool

from ...typing import Array
from .._windows import max_pool, mean_pool
from .attributes import windows


class MaxPool(ReferenceMaxPool):  # type: ignore[misc]
    """ONNX's MaxPool; where indices are asked for it is the reference's."""

    def _run(self, x: Array, **attributes: Any) -> Any:
        if len(self.output) > 1 or x.dtype.kind not in "fiu":
            return super()._run(x, **attributes)
        return (max_pool(x, windows(attributes, x.shape)),)


class AveragePool(OpRun):  # type: ignore[misc]
    """ONNX's AveragePool."""

    def _run(self, x: Array, **attributes: Any) -> tuple[Array]:
        padding = bool(attributes.get("count_include_pad"))
        return (mean_pool(x, windows(attributes, x.shape), padding=padding),)


class GlobalAveragePool(OpRun):  # type: ignore[misc]
    """ONNX's GlobalAveragePool."""

    def _run(self, x: Array) -> tuple[Array]:
        return (_per_channel(np.mean, x),)


class GlobalMaxPool(OpRun):  # type: ignore[misc]
    """ONNX's GlobalMaxPool."""

    def _run(self, x: Array) -> tuple[Array]:
        return (_per_channel(np.max, x),)


def _per_channel(reduced: Callable[..., Array], x: Array) -> Array:
    """One number for each channel; a single long axis is reduced faster than several."""
    return reduced(x.reshape(*x.shape[:2], -1), axis=2).reshape(*x.shape[:2], *(1,) * (x.ndim - 2))
