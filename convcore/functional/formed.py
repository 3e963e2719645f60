"""`conv` and its gradients on arrays that are given in a form of their own; see `forms`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import settings
from ..contract import Array, flipped
from ..problem import parse_extents
from .calls import Steps, call_for, slabwise_call_for
from .forms import Form, check_shape
from .interleaved import as_axis, interleaved_call, is_interleaved
from .padding_modes import PaddingMode, check_value


def formed_conv(
    form: Form,
    operands: tuple[Array, Array, Array | None],
    steps: Steps,
    padding_mode: PaddingMode,
    padding_value: Any,
    flip: bool,
    backend: settings.BackendSpec,
    out: Array | None,
) -> Array:
    """`conv` of input, weight and bias."""
    input, weight, bias = operands
    dtype = form.dtype_of(input=input, weight=weight, bias=bias)
    x, w = form.view("input", "input", input), form.view("weight", "weight", weight)
    shapes = x.shape, w.shape
    call = slabwise_call_for(*shapes, dtype, steps, padding_mode, "forward", backend)
    if bias is not None:
        check_shape("bias", bias, w.shape[:1])
    check_value(padding_value, padding_mode, dtype)
    shape = form.own_shape("output", call.geometry.output_shape, form.lead("input", input.shape))
    result, target = form.result("output", shape, dtype, out, *operands)
    arrays = (x, w, target) if bias is None else (x, w, target, bias)
    w = flipped(w) if flip else w
    if all(array.dtype == dtype and array.flags.c_contiguous for array in arrays):
        call = call_for(*shapes, dtype, steps, padding_mode, "forward", backend)
    elif is_interleaved(call.geometry, x, target):
        call = interleaved_call(call, padding_mode, "forward", backend)
        x, w, target = map(as_axis, (x, w, target))
    call.forward(x, w, bias, padding_value, target)
    return result


def formed_grad_input(
    form: Form,
    operands: tuple[Array, Array],
    input_shape: Sequence[int],
    steps: Steps,
    padding_mode: PaddingMode,
    flip: bool,
    backend: settings.BackendSpec,
    out: Array | None,
) -> Array:
    """`conv_grad_input` of grad_output and weight."""
    grad_output, weight = operands
    dtype = form.dtype_of(grad_output=grad_output, weight=weight)
    w = form.view("weight", "weight", weight)
    input_shape = parse_extents("input", input_shape)
    shapes = form.full_shape("input", "input", input_shape), w.shape
    call = slabwise_call_for(*shapes, dtype, steps, padding_mode, "grad_input", backend)
    form.check_gradient(grad_output, call.geometry.output_shape, form.lead("input", input_shape))
    result, target = form.result("input", input_shape, dtype, out, *operands)
    gradient = form.operand("output", "grad_output", grad_output, dtype)
    read = form.operand("weight", "weight", weight, dtype, conjugated=True)
    read = read.seen(flipped) if flip else read
    if is_interleaved(call.geometry, gradient.array, target):
        call = interleaved_call(call, padding_mode, "grad_input", backend)
        gradient, read, target = gradient.seen(as_axis), read.seen(as_axis), as_axis(target)
    call.grad_input(gradient, read, None, target)
    return result


def formed_grad_weight(
    form: Form,
    operands: tuple[Array, Array],
    weight_shape: Sequence[int],
    steps: Steps,
    padding_mode: PaddingMode,
    padding_value: Any,
    flip: bool,
    backend: settings.BackendSpec,
    out: Array | None,
) -> Array:
    """`conv_grad_weight` of grad_output and input."""
    grad_output, input = operands
    dtype = form.dtype_of(grad_output=grad_output, input=input)
    x = form.operand("input", "input", input, dtype, conjugated=True)
    weight_shape = parse_extents("weight", weight_shape)
    shapes = x.array.shape, form.full_shape("weight", "weight", weight_shape)
    call = slabwise_call_for(*shapes, dtype, steps, padding_mode, "grad_weight", backend)
    form.check_gradient(grad_output, call.geometry.output_shape, form.lead("input", input.shape))
    check_value(padding_value, padding_mode, dtype)
    result, target = form.result("weight", weight_shape, dtype, out, *operands)
    gradient = form.operand("output", "grad_output", grad_output, dtype)
    target = flipped(target) if flip else target
    if is_interleaved(call.geometry, gradient.array, x.array):
        call = interleaved_call(call, padding_mode, "grad_weight", backend)
        gradient, x, target = gradient.seen(as_axis), x.seen(as_axis), as_axis(target)
    call.grad_weight(gradient, x, padding_value, target)
    return result
