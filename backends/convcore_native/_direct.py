"""The backend `direct`: the definition's products, arranged for the registers and the caches."""

from __future__ import annotations

from typing import Any

from convcore.plugin import (
    INTEGER_NAMES,
    OPERATIONS,
    Array,
    Declaration,
    Geometry,
    Operation,
    UnsupportedError,
)

from . import _channels_last
from ._bridge import NativePlan
from ._native import DEFAULT_WORKSPACE, Key, NativeConvolution, plan_asked


class DirectConvolution(NativeConvolution):
    """Direct convolution with SIMD kernels.

    Its variants, which share no code but are the same sums in another order: `gemm_channels` and
    `gemm_positions`, implicit matrix products with target channels or positions as lanes;
    `few_channels`, for few channels in a group; `few_positions`, which reads the weight where it
    lies; `reference`, the definition without workspace, which always fits.
    """

    name = _algorithm = "direct"
    declaration = Declaration(
        dtypes=("float32", "float64", *INTEGER_NAMES),
        numerics="componentwise",
        deterministic="any_threads",
        nonfinite="local",
        capabilities=("variants", "batch_invariant"),
        description="SIMD kernels: implicit matrix products",
    )
    _bounded = ()

    def _plan(self, key: Key) -> NativePlan:
        """The plan that an estimate was made with, or one of the variants that are wanted."""
        if not self._variants:
            return super()._plan(key)
        for operation, wanted in self._variants.items():
            known = _variants(key, operation)
            if wanted not in known:
                raise UnsupportedError(
                    f"variants: {operation} must be one of {', '.join(known)}; got {wanted!r}"
                )
        return NativePlan(*key, variants=self._variants)

    @classmethod
    def variants(
        cls,
        geometry: Geometry,
        dtype: Any,
        operation: Operation,
        *,
        threads: int,
        max_workspace: int | None = None,
    ) -> tuple[str, ...]:
        """Names of the methods that fit, that which would be chosen first."""
        limit = DEFAULT_WORKSPACE if max_workspace is None else max_workspace
        limits = (threads, limit, False)
        return _variants((geometry, cls._algorithm, dtype, *limits), operation)

    @classmethod
    def run_channels_last(
        cls,
        geometry: Geometry,
        operation: Operation,
        first: Array,
        second: Array,
        out: Array,
        *,
        threads: int = 1,
    ) -> bool:
        """See `Convolution.run_channels_last`."""
        return _channels_last.run(geometry, operation, first, second, out, threads)


def _variants(key: Key, operation: Operation) -> tuple[str, ...]:
    if operation not in OPERATIONS:
        raise UnsupportedError(
            f"variants: must be of {', '.join(OPERATIONS)}; got one of {operation!r}"
        )
    # An empty problem never reaches a method: any name would do, and one has to be it.
    return plan_asked(key).variants(OPERATIONS.index(operation)) or ("reference",)
