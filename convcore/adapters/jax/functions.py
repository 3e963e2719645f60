"""`conv` and `conv_transpose` on JAX's arrays, with the arguments of ours on NumPy's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ...functional import PaddingMode
from ...problem import Padding, PerAxis
from ..maps import biased, problem_of, transposed_problem
from .primitives import mapped


def conv(
    input: jax.Array,
    weight: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    padding_mode: PaddingMode = "zeros",
    flip: bool = False,
    backend: str | None = None,
) -> jax.Array:
    """`convcore.conv` of JAX's arrays on the CPU, differentiable to any order.

    Parameters
    ----------
    input, weight, bias : jax.Array
        (N, C, *S), (K, C / groups, *R) and (K,), with 1 to 16 spatial axes; of the dtypes of
        `convcore.conv`, and bfloat16, which is summed in float32 and rounded once.
    stride, padding, dilation, groups, padding_mode, flip
        As in `convcore.conv`.
    backend : str, optional
        The name of what runs, also in the derivatives.

    Returns
    -------
    jax.Array of shape (N, K, *O)

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `convcore.conv`.

    Examples
    --------
    >>> import jax
    >>> x, w = jax.numpy.array([[[1.0, 2.0, 4.0]]]), jax.numpy.array([[[1.0, 10.0]]])
    >>> jax.grad(lambda x: conv(x, w).sum())(x)
    Array([[[ 1., 11., 10.]]], dtype=float32)
    """
    input, weight = jnp.asarray(input), jnp.asarray(weight)
    steps = stride, padding, dilation, groups, padding_mode, backend
    problem, shape = problem_of(input.shape, weight.shape, *steps)
    output = mapped("g", input, _turned(weight, flip), shape=shape, problem=problem)
    return biased(output, bias)


def conv_transpose(
    input: jax.Array,
    weight: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    output_shape: PerAxis | None = None,
    dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
    backend: str | None = None,
) -> jax.Array:
    """`convcore.conv_transpose` of JAX's arrays on the CPU, differentiable to any order.

    Parameters
    ----------
    input, weight, bias : jax.Array
        (N, C_in, *S), (C_in, C_out / groups, *R) and (C_out,), as for `conv`.
    stride, padding, output_padding, output_shape, dilation, groups, flip, backend
        As in `convcore.conv_transpose`; `backend` as in `conv`.

    Returns
    -------
    jax.Array of shape (N, C_out, *O)

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `convcore.conv`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.array([[[1.0, 2.0]]]), jnp.array([[[1.0, 10.0, 5.0]]]), stride=2)
    Array([[[ 1., 10.,  7., 20., 10.]]], dtype=float32)
    """
    input, weight = jnp.asarray(input), jnp.asarray(weight)
    steps = stride, padding, output_padding, dilation, groups, output_shape
    problem, shape = transposed_problem(input.shape, weight.shape, *steps, backend=backend)
    output = mapped("x", input, _turned(weight, flip), shape=shape, problem=problem)
    return biased(output, bias)


def _turned(weight: Any, flip: bool) -> Any:
    return jnp.flip(weight, tuple(range(2, weight.ndim))) if flip else weight
