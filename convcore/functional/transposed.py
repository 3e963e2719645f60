"""The transposed convolution: `grad_input` of the convolution with its weight, read forwards."""

from __future__ import annotations

from typing import Any

from .. import settings
from ..contract import Array, check_operand, check_out, check_pair, flipped
from ..problem import Padding, PerAxis
from .calls import Ends, Steps, transposed_call_for
from .forms import Form, check_shape


def conv_transpose(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    output_shape: PerAxis | None = None,
    dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
    dtype: Any = None,
    layout: str | None = None,
    weight_layout: str | None = None,
    out_layout: str | None = None,
    backend: settings.BackendSpec = None,
    out: Array | None = None,
) -> Array:
    """Transposed convolution: the unconjugated adjoint of `conv` with the same weight.

    Parameters
    ----------
    input : ndarray of shape (N, C_in, *S)
        What the convolution would put out.
    weight : ndarray of shape (C_in, C_out / groups, *R)
        The weight of the convolution that this is the adjoint of.
    bias : ndarray of shape (C_out,), optional
        Added to each output channel.
    stride, dilation, groups
        Those of the convolution.
    padding : int, one int or one (before, after) pair per axis, or a name
        That of the convolution: cropped from the result. "valid" crops nothing; "same" makes the
        result's extents S stride, with the odd element cropped at the end, "same_lower" at the
        beginning.
    output_padding : int or one int per axis
        Elements added at the end of each axis, below max(stride, dilation): extents of inputs
        that a strided convolution cannot tell apart.
    output_shape : int or one int per axis, optional
        Extents of the result, from which the padding follows: the odd element is cropped at the
        beginning, as in ONNX, unless `padding` is "same"; where the result is too short, zeros end
        it.
    flip, dtype, layout, weight_layout, out_layout, backend, out
        As in `conv`: in `weight_layout`, O is the axis of C_in, I that of C_out / groups, as in the
        convolution that this is the adjoint of.

    Returns
    -------
    ndarray of shape (N, C_out, *O)
        O = (S - 1) stride - before - after + dilation (R - 1) + 1 + output_padding.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `conv`.

    Examples
    --------
    >>> import numpy as np
    >>> x, w = np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0, 100.0]]])
    >>> conv_transpose(x, w, stride=2)
    array([[[  1.,  10., 102.,  20., 200.]]])
    >>> conv_transpose(x, w, stride=2, padding="same")
    array([[[  1.,  10., 102.,  20.]]])
    """
    steps, ends = (stride, padding, dilation, groups), (output_padding, output_shape)
    if (
        dtype is not None
        or layout is not None
        or weight_layout is not None
        or out_layout is not None
    ):
        form, operands = Form.of(dtype, layout, weight_layout, out_layout), (input, weight, bias)
        return formed_transpose(form, operands, steps, ends, flip, backend, out)
    dtype = check_pair("input", input, "weight", weight)
    shapes = input.shape, weight.shape
    call = transposed_call_for(*shapes, dtype, steps, ends, "grad_input", backend)
    if bias is not None:
        check_operand("bias", bias, (call.geometry.in_channels,), dtype)
    if out is not None:
        check_out(out, call.geometry.input_shape, dtype, input, weight, bias)
    return call.grad_input(input, flipped(weight) if flip else weight, bias, out)


def formed_transpose(
    form: Form,
    operands: tuple[Array, Array, Array | None],
    steps: Steps,
    ends: Ends,
    flip: bool,
    backend: settings.BackendSpec,
    out: Array | None,
) -> Array:
    """`conv_transpose` of input, weight and bias that are given in a form of their own."""
    input, weight, bias = operands
    dtype = form.dtype_of(input=input, weight=weight, bias=bias)
    x, w = form.view("input", "input", input), form.view("weight", "weight", weight)
    shapes = x.shape, w.shape
    call = transposed_call_for(*shapes, dtype, steps, ends, "grad_input", backend, slabwise=True)
    if bias is not None:
        check_shape("bias", bias, (call.geometry.in_channels,))
    shape = form.own_shape("output", call.geometry.input_shape, form.lead("input", input.shape))
    result, target = form.result("output", shape, dtype, out, *operands)
    call.grad_input(x, flipped(w) if flip else w, bias, target)
    return result


def transpose_grad_input(
    form: Form,
    grad_output: Array,
    weight: Array,
    input_shape: tuple[int, ...],
    steps: Steps,
    ends: Ends,
    flip: bool,
) -> Array:
    """Gradient of a scalar with respect to the input of `conv_transpose`: a convolution."""
    dtype = form.dtype_of(grad_output=grad_output, weight=weight)
    read = form.operand("weight", "weight", weight, dtype, conjugated=True)
    shapes = form.full_shape("input", "input", input_shape), read.array.shape
    call = transposed_call_for(*shapes, dtype, steps, ends, "forward", None, slabwise=True)
    form.check_gradient(grad_output, call.geometry.input_shape, form.lead("input", input_shape))
    result, target = form.result("input", input_shape, dtype, None)
    gradient = form.operand("output", "grad_output", grad_output, dtype)
    call.forward(gradient, read.seen(flipped) if flip else read, None, 0, target)
    return result


def transpose_grad_weight(
    form: Form,
    grad_output: Array,
    input: Array,
    weight_shape: tuple[int, ...],
    steps: Steps,
    ends: Ends,
    flip: bool,
) -> Array:
    """Gradient of a scalar with respect to the weight of `conv_transpose`.

    That of the convolution's weight, whose input is `grad_output`.
    """
    dtype = form.dtype_of(grad_output=grad_output, input=input)
    x = form.operand("input", "input", input, dtype, conjugated=True)
    shapes = x.array.shape, form.full_shape("weight", "weight", weight_shape)
    call = transposed_call_for(*shapes, dtype, steps, ends, "grad_weight", None, slabwise=True)
    form.check_gradient(grad_output, call.geometry.input_shape, form.lead("input", input.shape))
    result, target = form.result("weight", weight_shape, dtype, None)
    gradient = form.operand("output", "grad_output", grad_output, dtype)
    call.grad_weight(x, gradient, 0, flipped(target) if flip else target)
    return result
