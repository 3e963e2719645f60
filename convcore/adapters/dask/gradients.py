"""The gradients of `conv` on dask arrays, as functions of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da

from ... import settings
from ...errors import OptionError
from ...functional import PaddingMode
from ...problem import Geometry, Padding, PerAxis, freeze
from . import results
from .forms import Form, check_shape
from .functions import read, rechunked
from .operands import Operand, operand
from .problems import Problem


def conv_grad_input(
    grad_output: Operand,
    weight: Any,
    input_shape: Sequence[int],
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    padding_mode: PaddingMode = "zeros",
    flip: bool = False,
    dtype: Any = None,
    layout: str | None = None,
    weight_layout: str | None = None,
    out_layout: str | None = None,
    backend: settings.BackendSpec = None,
    chunks: Any = None,
) -> da.Array:
    """`convcore.conv_grad_input` of a dask array.

    Parameters
    ----------
    grad_output : dask array or Stored, of shape (N, K, *O)
        In any chunks.
    weight : ndarray or dask array of shape (K, C / groups, *R)
        The weight of `conv`.
    input_shape, stride, padding, dilation, groups, padding_mode, flip, dtype, layout, \
weight_layout, out_layout, backend
        As in `convcore.conv_grad_input`.
    chunks : optional
        Of the result, as in `dask.array.rechunk`, for instance those of the input; by default they
        follow those of `grad_output`.

    Returns
    -------
    dask array of shape (N, C, *S)

    Raises
    ------
    GeometryError, ShapeError, DtypeError, OptionError, UnknownBackendError
        As in `conv`.
    """
    form = Form.of(dtype, layout, weight_layout, out_layout)
    shared, gradient, w, _ = read(form, "grad_output", grad_output, weight)
    own = freeze(input_shape)
    geometry = Geometry.of(
        form.full_shape("input", "input", own),
        w.shape,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
    problem = Problem.of(geometry, shared, padding_mode, flip=flip, backend=backend)
    lead = form.lead("input", own)
    check_shape("grad_output", grad_output, form.own_shape("output", geometry.output_shape, lead))
    asked = form.full_chunks("input", chunks, own, geometry.input_shape)
    result = results.grad_input(problem, gradient, w, chunks=asked)
    return rechunked(form.own("input", result, lead), chunks)


def conv_grad_weight(
    grad_output: Operand,
    input: Operand,
    weight_shape: Sequence[int],
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    padding_mode: PaddingMode = "zeros",
    padding_value: Any = 0,
    flip: bool = False,
    dtype: Any = None,
    layout: str | None = None,
    weight_layout: str | None = None,
    out_layout: str | None = None,
    backend: settings.BackendSpec = None,
    split_every: int = 8,
) -> da.Array:
    """`convcore.conv_grad_weight` of dask arrays.

    Parameters
    ----------
    grad_output : dask array or Stored, of shape (N, K, *O)
        In any chunks; each gives a part of the result.
    input : dask array or Stored, of shape (N, C, *S)
        In any chunks, which need not fit those of `grad_output`.
    weight_shape, stride, padding, dilation, groups, padding_mode, padding_value, flip, dtype, \
layout, weight_layout, out_layout, backend
        As in `convcore.conv_grad_weight`.
    split_every : int
        How many parts are added at a time, in an order that depends on the chunks alone.

    Returns
    -------
    dask array of shape (K, C / groups, *R)
        In the chunks of output channels that `grad_output` has.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, OptionError, UnknownBackendError
        As in `conv`.
    """
    form = Form.of(dtype, layout, weight_layout, out_layout)
    grad_output, input = operand("grad_output", grad_output), operand("input", input)
    shared = form.dtype_of(grad_output=grad_output, input=input)
    x = form.full("input", "input", input)
    geometry = Geometry.of(
        x.shape,
        form.full_shape("weight", "weight", freeze(weight_shape)),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
    problem = Problem.of(geometry, shared, padding_mode, padding_value, flip, backend)
    lead = form.lead("input", input.shape)
    check_shape("grad_output", grad_output, form.own_shape("output", geometry.output_shape, lead))
    if not isinstance(split_every, int) or split_every < 2:
        raise OptionError(f"split_every: must be an integer >= 2; got {split_every!r}")
    gradient = form.full("output", "grad_output", grad_output)
    return form.own("weight", results.grad_weight(problem, gradient, x, split_every))
