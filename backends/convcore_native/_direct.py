"""The backend `direct`: the definition's products, arranged for the registers and the caches."""

from __future__ import annotations

from convcore.plugin import Declaration

from ._estimate import EstimatingConvolution


class DirectConvolution(EstimatingConvolution):
    """Direct convolution with SIMD kernels."""

    name = "direct"
    declaration = Declaration(
        dtypes=("float32", "float64"),
        numerics="componentwise",
        deterministic="any_threads",
        nonfinite="local",
        description="SIMD kernels: implicit matrix products",
    )
