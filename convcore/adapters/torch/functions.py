"""`conv` and `conv_transpose` on tensors, with the arguments of ours on arrays."""

from __future__ import annotations

import torch

from ...functional import PaddingMode
from ...problem import Padding, PerAxis
from ..maps import biased, problem_of, transposed_problem
from .derivatives import mapped
from .operators import steps_of


def conv(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    padding_mode: PaddingMode = "zeros",
    flip: bool = False,
    backend: str | None = None,
) -> torch.Tensor:
    """`convcore.conv` of tensors on the CPU, differentiable to any order.

    Parameters
    ----------
    input, weight, bias : torch.Tensor
        (N, C, *S), (K, C / groups, *R) and (K,), with 1 to 16 spatial axes; of the dtypes of
        `convcore.conv`, and bfloat16, which is summed in float32 and rounded once.
    stride, padding, dilation, groups, padding_mode, flip
        As in `convcore.conv`.
    backend : str, optional
        The name of what runs, also in the derivatives.

    Returns
    -------
    torch.Tensor of shape (N, K, *O)

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `convcore.conv`.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[1.0, 2.0, 4.0]]], requires_grad=True)
    >>> conv(x, torch.tensor([[[1.0, 10.0]]])).sum().backward()
    >>> x.grad
    tensor([[[ 1., 11., 10.]]])
    """
    shapes = tuple(input.shape), tuple(weight.shape)
    problem, shape = problem_of(*shapes, stride, padding, dilation, groups, padding_mode, backend)
    output = mapped("g", input, _turned(weight, flip), shape, *steps_of(problem))
    return biased(output, bias)


def conv_transpose(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    output_shape: PerAxis | None = None,
    dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
    backend: str | None = None,
) -> torch.Tensor:
    """`convcore.conv_transpose` of tensors on the CPU, differentiable to any order.

    Parameters
    ----------
    input, weight, bias : torch.Tensor
        (N, C_in, *S), (C_in, C_out / groups, *R) and (C_out,), as for `conv`.
    stride, padding, output_padding, output_shape, dilation, groups, flip, backend
        As in `convcore.conv_transpose`; `backend` as in `conv`.

    Returns
    -------
    torch.Tensor of shape (N, C_out, *O)

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `convcore.conv`.

    Examples
    --------
    >>> import torch
    >>> conv_transpose(torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[1.0, 10.0, 5.0]]]), stride=2)
    tensor([[[ 1., 10.,  7., 20., 10.]]])
    """
    steps = stride, padding, output_padding, dilation, groups, output_shape
    shapes = tuple(input.shape), tuple(weight.shape)
    problem, shape = transposed_problem(*shapes, *steps, backend=backend)
    output = mapped("x", input, _turned(weight, flip), shape, *steps_of(problem))
    return biased(output, bias)


def _turned(weight: torch.Tensor, flip: bool) -> torch.Tensor:
    return weight.flip(tuple(range(2, weight.ndim))) if flip else weight
