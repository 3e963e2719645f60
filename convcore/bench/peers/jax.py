"""JAX on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...contract import available_cpus
from ...plugin import Array, Geometry, Operation
from .interface import Call, Peer


class Jax(Peer):
    """`jax.lax.conv_general_dilated` and its `jax.vjp`, compiled once."""

    name = module = "jax"
    dtypes = ("float32",)

    def __init__(self, threads: int) -> None:
        if threads != available_cpus():
            # XLA makes its pool of threads at import and lets nobody change it.
            raise ImportError(
                f"it runs on all {available_cpus()} processors; got {threads} threads"
            )
        super().__init__(threads)

    def refusal(self, geometry: Geometry, operation: Operation) -> str | None:
        """XLA's CPU convolution takes spatial ranks 1 to 3."""
        if geometry.spatial_rank > 3:
            return f"spatial rank {geometry.spatial_rank} is not in 1 to 3"
        return None

    def prepare(
        self, geometry: Geometry, operation: Operation, first: Array, second: Array
    ) -> Call:
        """Compilation happens in the first call; `numpy.asarray` waits for the result."""
        compute = self.library.jit(self._operation(geometry, operation))
        return lambda: np.asarray(compute(first, second))

    def _operation(self, geometry: Geometry, operation: Operation) -> Callable[..., Any]:
        def forward(input: Any, weight: Any) -> Any:
            return self.library.lax.conv_general_dilated(
                input,
                weight,
                geometry.stride,
                geometry.padding,
                rhs_dilation=geometry.dilation,
                feature_group_count=geometry.groups,
            )

        zeros = self.library.numpy.zeros

        def grad_input(grad_output: Any, weight: Any) -> Any:
            input = zeros(geometry.input_shape, weight.dtype)
            return self.library.vjp(lambda x: forward(x, weight), input)[1](grad_output)[0]

        def grad_weight(grad_output: Any, input: Any) -> Any:
            weight = zeros(geometry.weight_shape, input.dtype)
            return self.library.vjp(lambda w: forward(input, w), weight)[1](grad_output)[0]

        return {"forward": forward, "grad_input": grad_input, "grad_weight": grad_weight}[operation]
