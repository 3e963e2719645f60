"""The backend `direct`: the definition's products, arranged for the registers and the caches."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from convcore.plugin import OPERATIONS, Declaration, Geometry, Operation

from ._bridge import DEFAULT_WORKSPACE, NativeConvolution, NativePlan


class DirectConvolution(NativeConvolution):
    """Direct convolution with SIMD kernels."""

    name = "direct"
    declaration = Declaration(
        dtypes=("float32", "float64"),
        numerics="componentwise",
        deterministic="any_threads",
        nonfinite="local",
        description="SIMD kernels: implicit matrix products",
    )

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float:
        return _planned(geometry, dtype.itemsize, threads).seconds(OPERATIONS.index(operation))


@lru_cache(maxsize=256)
def _planned(geometry: Geometry, itemsize: int, threads: int) -> NativePlan:
    """What the cost model is asked about; without memory of its own."""
    return NativePlan(geometry, "direct", itemsize, threads, DEFAULT_WORKSPACE)
