"""Convolution for HIPS autograd: `conv` and `conv_transpose`, differentiable to any order.

    from convcore.adapters.autograd import conv
    autograd.grad(lambda w: conv(x, w).sum())(w)

Complex gradients follow autograd: nothing is conjugated on the way back.
"""

from __future__ import annotations

from typing import Any

try:
    from autograd.extend import defjvp, defvjp, primitive
    from autograd.numpy import reshape as _reshape
except ImportError:
    raise ImportError(
        "convcore.adapters.autograd: needs autograd, and there is none; install it with: "
        'pip install "convcore[autograd]"'
    ) from None

from ..functional import PaddingMode
from ..problem import Padding, PerAxis
from .maps import OPERANDS, Problem, Shape, map_for, problem_of, transposed_problem

__all__ = ["conv", "conv_transpose"]


@primitive  # type: ignore[untyped-decorator]
def _mapped(first: Any, second: Any, made: str, shape: Shape, problem: Problem) -> Any:
    """What `made` names ("x", "w" or "g"), of this shape, from the other two."""
    return map_for(made, shape, problem)(first, second)


def _pulling(place: int) -> Any:
    """What makes the pullback to the operand at `place`."""

    def pullback(
        result: Any, first: Any, second: Any, made: str, shape: Shape, problem: Problem
    ) -> Any:
        roles, operands = OPERANDS[made], (first, second)
        wanted, wanted_shape = roles[place], operands[place].shape

        def pull(t: Any) -> Any:
            given = {made: t, roles[1 - place]: operands[1 - place]}
            return _mapped(*(given[r] for r in OPERANDS[wanted]), wanted, wanted_shape, problem)

        return pull

    return pullback


defvjp(_mapped, _pulling(0), _pulling(1), argnums=(0, 1))
defjvp(
    _mapped,
    lambda t, result, first, second, *rest: _mapped(t, second, *rest),
    lambda t, result, first, second, *rest: _mapped(first, t, *rest),
    argnums=(0, 1),
)


def conv(
    input: Any,
    weight: Any,
    bias: Any | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    padding_mode: PaddingMode = "zeros",
    flip: bool = False,
    backend: str | None = None,
) -> Any:
    """`convcore.conv`, differentiable to any order in input, weight and bias.

    Parameters
    ----------
    input, weight, bias : ndarray
        (N, C, *S), (K, C / groups, *R) and (K,), as in `convcore.conv`.
    stride, padding, dilation, groups, padding_mode, flip
        As in `convcore.conv`.
    backend : str, optional
        The name of what runs, also in the derivatives.

    Returns
    -------
    ndarray of shape (N, K, *O)

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `convcore.conv`.

    Examples
    --------
    >>> import autograd.numpy as np
    >>> from autograd import grad
    >>> x, w = np.array([[[1.0, 2.0, 4.0]]]), np.array([[[1.0, 10.0]]])
    >>> grad(lambda x: conv(x, w).sum())(x)
    array([[[ 1., 11., 10.]]])
    """
    steps = stride, padding, dilation, groups, padding_mode, backend
    problem, shape = problem_of(input.shape, weight.shape, *steps)
    return _biased(_mapped(input, _turned(weight, flip), "g", shape, problem), bias)


def conv_transpose(
    input: Any,
    weight: Any,
    bias: Any | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    output_shape: PerAxis | None = None,
    dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
    backend: str | None = None,
) -> Any:
    """`convcore.conv_transpose`, differentiable to any order in input, weight and bias.

    Parameters
    ----------
    input, weight, bias : ndarray
        (N, C_in, *S), (C_in, C_out / groups, *R) and (C_out,).
    stride, padding, output_padding, output_shape, dilation, groups, flip, backend
        As in `convcore.conv_transpose`; `backend` as in `conv`.

    Returns
    -------
    ndarray of shape (N, C_out, *O)

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `convcore.conv`.

    Examples
    --------
    >>> import autograd.numpy as np
    >>> conv_transpose(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0, 5.0]]]), stride=2)
    array([[[ 1., 10.,  7., 20., 10.]]])
    """
    steps = stride, padding, output_padding, dilation, groups, output_shape
    problem, shape = transposed_problem(input.shape, weight.shape, *steps, backend=backend)
    return _biased(_mapped(input, _turned(weight, flip), "x", shape, problem), bias)


def _turned(weight: Any, flip: bool) -> Any:
    backwards = (slice(None, None, -1),) * (weight.ndim - 2)
    return weight[(slice(None), slice(None), *backwards)] if flip else weight


def _biased(output: Any, bias: Any | None) -> Any:
    return output if bias is None else output + _reshape(bias, (-1, *[1] * (output.ndim - 2)))
