"""The gradient of a bias; to add one is for `Convolution.add_bias`, after all else."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contract import Array, native_byte_order
from ..planning import Operand, summed_in

# Elements that are converted together.
CONVERTED = 2**20


def grad_bias(grad_output: Array, dtype: np.dtype[Any] | None = None) -> Array:
    """Sum over batch and positions, in float32 for float16, wrapping for integers.

    `dtype` is what a gradient of another dtype is converted to, some samples at a time.
    """
    dtype = native_byte_order(grad_output.dtype) if dtype is None else dtype
    batch, channels = grad_output.shape[:2]
    samples = max(1, CONVERTED * batch // max(1, grad_output.size))
    if grad_output.dtype == summed_in(dtype):
        samples = max(1, batch)
    operand, total = Operand(grad_output, dtype), np.zeros(channels, summed_in(dtype))
    axes = (0, *range(2, grad_output.ndim))
    with np.errstate(all="ignore"):
        for first in range(0, batch, samples):
            part = operand.part((slice(first, first + samples),))
            total += part.sum(axis=axes, dtype=total.dtype)
        return total.astype(dtype)
