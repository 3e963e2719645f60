"""Products of stacked matrices: by BLAS, where it cannot hang, in pieces that end soon."""

from __future__ import annotations

from itertools import product

import numpy as np

from convcore.plugin import FORK_GATE, Array

from ._cost import INTEGER_RATE, RATES
from ._folded import blocks

# On every axis, real and complex: OpenBLAS multiplies so little without its threads or their locks.
BLOCK, COMPLEX_BLOCK = 64, 32
# Seconds that one product may take, so that signals are handled, and rows or columns that are not
# cut for it.
PATIENCE, NARROW = 0.1, 8


def multiply(left: Array, right: Array, out: Array) -> None:
    """`out` becomes `left` times `right`; `matmul` takes its slow loop where sums have one term."""
    if left.shape[-1] > 1:
        matmul(left, right, out)
    elif left.dtype.kind == "c":  # more than twice as fast as einsum, which multiplies by 1 as well
        np.multiply(left, right, out=out)
    else:
        np.einsum("gik,gkj->gij", left, right, out=out)


def matmul(left: Array, right: Array, out: Array) -> None:
    """`np.matmul`, half by half where it takes long."""
    rows, columns = out.shape[-2:]
    seconds = 2.0 * out.size * left.shape[-1] / RATES.get(out.dtype, INTEGER_RATE)
    if seconds <= PATIENCE or max(rows, columns) <= NARROW:
        _matmul(left, right, out)
    elif columns >= rows:
        for half in slice(columns // 2), slice(columns // 2, columns):
            matmul(left, right[..., half], out[..., half])
    else:
        for half in slice(rows // 2), slice(rows // 2, rows):
            matmul(left[..., half, :], right, out[..., half, :])


def _matmul(left: Array, right: Array, out: Array) -> None:
    """`np.matmul`, for which a fork waits, and which does not wait for ever after one.

    A child may have inherited a lock of OpenBLAS from another thread's product.
    """
    if FORK_GATE.beside_threads and left.dtype.kind in "fc":
        return _matmul_by_blocks(left, right, out)
    with FORK_GATE:
        np.matmul(left, right, out=out)


def _matmul_by_blocks(left: Array, right: Array, out: Array) -> None:
    (rows, terms), columns = left.shape[-2:], right.shape[-1]
    block = COMPLEX_BLOCK if out.dtype.kind == "c" else BLOCK
    out.fill(0)
    for i, j, k in product(*(tuple(blocks(n, block)) for n in (rows, columns, terms))):
        out[:, i, j] += np.matmul(left[:, i, k], right[:, k, j])
