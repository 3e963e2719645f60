"""The backend `direct`: the definition's products, arranged for the registers and the caches."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from convcore.plugin import OPERATIONS, Array, Convolution, Declaration, Geometry, Operation

from ._bridge import NativePlan

DEFAULT_BOUND = 64 << 20
FORWARD, GRAD_INPUT, GRAD_WEIGHT = range(3)


class DirectConvolution(Convolution):
    """Direct convolution with SIMD kernels."""

    name = "direct"
    declaration = Declaration(
        dtypes=("float32", "float64"),
        numerics="componentwise",
        deterministic="any_threads",
        nonfinite="local",
        description="SIMD kernels: implicit matrix products",
    )

    def __init__(
        self,
        geometry: Geometry,
        dtype: Any,
        *,
        threads: int | None = None,
        max_workspace: int | None = None,
    ) -> None:
        super().__init__(geometry, dtype, threads=threads, max_workspace=max_workspace)
        bound = DEFAULT_BOUND if self.max_workspace is None else self.max_workspace
        itemsize = self.dtype.itemsize
        self._native = NativePlan(geometry, self.name, itemsize, self.threads, bound)

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float:
        return _planned(geometry, dtype.itemsize, threads).seconds(OPERATIONS.index(operation))

    def workspace_bytes(self, operation: Operation) -> int:
        return self._native.workspace_bytes(OPERATIONS.index(operation))

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        self._native.run(FORWARD, input, weight, output)

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        self._native.run(GRAD_INPUT, grad_output, weight, grad_input)

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        self._native.run(GRAD_WEIGHT, grad_output, input, grad_weight)


@lru_cache(maxsize=256)
def _planned(geometry: Geometry, itemsize: int, threads: int) -> NativePlan:
    """What the cost model is asked about; without memory of its own."""
    return NativePlan(geometry, "direct", itemsize, threads, DEFAULT_BOUND)
