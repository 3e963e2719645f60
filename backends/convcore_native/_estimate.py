"""Estimates of the native backends."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from convcore.plugin import OPERATIONS, Geometry, Operation

from ._bridge import DEFAULT_WORKSPACE, NativeConvolution, NativePlan


class EstimatingConvolution(NativeConvolution):
    """A native backend that expects what its plan would: all of them are one."""

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float:
        """Seconds by the cost model that also chooses the kernels and their blocks."""
        plan = _planned(cls.name, geometry, dtype.itemsize, threads)
        return plan.seconds(OPERATIONS.index(operation))


@lru_cache(maxsize=768)
def _planned(algorithm: str, geometry: Geometry, itemsize: int, threads: int) -> NativePlan:
    """What the cost model is asked about; without memory of its own."""
    return NativePlan(geometry, algorithm, itemsize, threads, DEFAULT_WORKSPACE)
