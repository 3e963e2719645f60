"""The gradients of `conv`, as functions of their own.

For complex operands they conjugate the other operand first, so that sum(a * conj(b)) is the inner
product of the adjoint identity <conv(x, w), g> = <x, grad_input> = <w, grad_weight>.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import settings
from ..contract import Array, check_out, check_pair, flipped
from ..errors import ShapeError
from ..problem import Padding, PerAxis, freeze
from .call import Call
from .calls import call_for
from .formed import formed_grad_input, formed_grad_weight
from .forms import Form
from .padding_modes import PaddingMode, check_value


def conv_grad_input(
    grad_output: Array,
    weight: Array,
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
    out: Array | None = None,
) -> Array:
    """Gradient of a scalar with respect to the input of `conv`, given that for its output.

    Parameters
    ----------
    grad_output : ndarray of shape (N, K, *O)
        Gradient with respect to the output.
    weight : ndarray of shape (K, C / groups, *R)
        The weight of `conv`; conjugated first where it is complex.
    input_shape : sequence of int
        (N, C, *S); the output's shape does not determine it where stride > 1.
    stride, padding, dilation, groups, padding_mode, flip, dtype, layout, weight_layout, \
out_layout, backend, out
        As in `conv`: `layout` is that of `input_shape` and the gradient, `out_layout` that of
        `grad_output`; `out` has shape `input_shape`.

    Returns
    -------
    ndarray of shape (N, C, *S)
        `out` if given.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `conv`.

    Examples
    --------
    >>> import numpy as np
    >>> conv_grad_input(np.array([[[1.0, 1.0, 1.0]]]), np.array([[[1.0, 10.0]]]), (1, 1, 4))
    array([[[ 1., 11., 11., 10.]]])
    """
    steps = (stride, padding, dilation, groups)
    if (
        dtype is not None
        or layout is not None
        or weight_layout is not None
        or out_layout is not None
    ):
        form, operands = Form.of(dtype, layout, weight_layout, out_layout), (grad_output, weight)
        rest = (steps, padding_mode, flip, backend, out)
        return formed_grad_input(form, operands, input_shape, *rest)
    dtype = check_pair("grad_output", grad_output, "weight", weight)
    shapes = freeze(input_shape), weight.shape
    call = call_for(*shapes, dtype, steps, padding_mode, "grad_input", backend)
    _check_grad_output(grad_output, call)
    if out is not None:
        check_out(out, call.geometry.input_shape, dtype, grad_output, weight)
    weight = flipped(weight) if flip else weight
    weight = weight.conj() if dtype.kind == "c" else weight
    return call.grad_input(grad_output, weight, None, out)


def conv_grad_weight(
    grad_output: Array,
    input: Array,
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
    out: Array | None = None,
) -> Array:
    """Gradient of a scalar with respect to the weight of `conv`, given that for its output.

    Parameters
    ----------
    grad_output : ndarray of shape (N, K, *O)
        Gradient with respect to the output.
    input : ndarray of shape (N, C, *S)
        The input of `conv`; conjugated first where it is complex.
    weight_shape : sequence of int
        (K, C / groups, *R); the output's shape does not determine it where stride > 1.
    stride, padding, dilation, groups, padding_mode, padding_value, flip, dtype, layout, \
weight_layout, out_layout, backend, out
        As in `conv`: `weight_layout` is that of `weight_shape` and the gradient, `out_layout` that
        of `grad_output`; `out` has shape `weight_shape`.

    Returns
    -------
    ndarray of shape (K, C / groups, *R)
        `out` if given.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `conv`.

    Examples
    --------
    >>> import numpy as np
    >>> conv_grad_weight(np.array([[[1.0, 1.0]]]), np.array([[[1.0, 2.0, 4.0]]]), (1, 1, 2))
    array([[[3., 6.]]])
    """
    steps = (stride, padding, dilation, groups)
    if (
        dtype is not None
        or layout is not None
        or weight_layout is not None
        or out_layout is not None
    ):
        form, operands = Form.of(dtype, layout, weight_layout, out_layout), (grad_output, input)
        rest = (steps, padding_mode, padding_value, flip, backend, out)
        return formed_grad_weight(form, operands, weight_shape, *rest)
    dtype = check_pair("grad_output", grad_output, "input", input)
    shapes = input.shape, freeze(weight_shape)
    call = call_for(*shapes, dtype, steps, padding_mode, "grad_weight", backend)
    _check_grad_output(grad_output, call)
    check_value(padding_value, padding_mode, dtype)
    if out is not None:
        check_out(out, call.geometry.weight_shape, dtype, grad_output, input)
    if dtype.kind == "c":
        input, padding_value = input.conj(), np.conj(padding_value)
    if not flip:
        return call.grad_weight(grad_output, input, padding_value, out)
    gradient = flipped(call.grad_weight(grad_output, input, padding_value, None))
    if out is None:
        return np.ascontiguousarray(gradient)
    out[...] = gradient
    return out


def _check_grad_output(grad_output: Array, call: Call) -> None:
    if grad_output.shape != call.geometry.output_shape:
        raise ShapeError(
            f"grad_output: must have the output's shape {call.geometry.output_shape}; "
            f"got {grad_output.shape}"
        )
