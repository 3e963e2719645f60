"""Products of stacked matrices: by BLAS, where it helps and cannot hang."""

from __future__ import annotations

from itertools import product

import numpy as np

from convcore.plugin import FORK_GATE, Array

from ._folded import blocks

# On every axis, real and complex: OpenBLAS multiplies so little without its threads or their locks.
BLOCK, COMPLEX_BLOCK = 64, 32


def multiply(left: Array, right: Array, out: Array) -> None:
    """`out` becomes `left` times `right`; `matmul` takes its slow loop where sums have one term."""
    if left.shape[-1] > 1:
        matmul(left, right, out)
    elif left.dtype.kind == "c":  # more than twice as fast as einsum, which multiplies by 1 as well
        np.multiply(left, right, out=out)
    else:
        np.einsum("gik,gkj->gij", left, right, out=out)


def matmul(left: Array, right: Array, out: Array) -> None:
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
