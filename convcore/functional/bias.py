"""The bias: an epilogue outside every backend, and its gradient."""

from __future__ import annotations

import numpy as np

from ..contract import FLOAT16, Array, as_plain, native_byte_order
from ..planning import WIDE


def add_bias(output: Array, bias: Array) -> Array:
    """`output` (N, K, *O) with `bias` (K,) added to it in place."""
    with np.errstate(over="ignore", invalid="ignore"):
        output += bias.reshape(-1, *(1,) * (output.ndim - 2))
    return output


def grad_bias(grad_output: Array) -> Array:
    """Sum over batch and positions, in float32 for float16, wrapping for integers."""
    dtype = native_byte_order(grad_output.dtype)
    axes = (0, *range(2, grad_output.ndim))
    summed = WIDE if dtype == FLOAT16 else dtype
    with np.errstate(over="ignore", invalid="ignore"):
        total: Array = as_plain(grad_output).sum(axis=axes, dtype=summed).astype(dtype)
    return total
