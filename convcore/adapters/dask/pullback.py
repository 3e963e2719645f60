"""`conv_vjp` on dask arrays: the convolution with the function that pulls a gradient back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np

from ... import settings
from ...contract import is_half
from ...functional import PaddingMode
from ...problem import Padding, PerAxis
from .forms import Form, check_shape
from .functions import conv
from .gradients import conv_grad_input, conv_grad_weight
from .operands import Operand, operand
from .problems import options_in_force

# What makes a `Form`, in the order of its arguments.
_FORM = ("dtype", "layout", "weight_layout", "out_layout")


@dataclass(frozen=True, repr=False, eq=False)
class Pullback:
    """Takes the gradient with respect to the output of `conv` back to its arguments, lazily.

    It runs under the options that were in force when it was made; its methods give one gradient
    each.

    Parameters
    ----------
    input, weight : arrays
        The operands.
    output : dask array
        What `conv` returned.
    has_bias : bool
        Whether there was a bias.
    padding_value : number
        As given to `conv`.
    shared : dict
        The options that both gradients take.
    in_force : dict
        The backend that was asked for, and every option.
    """

    input: Operand
    weight: Any
    output: da.Array
    has_bias: bool
    padding_value: Any
    shared: dict[str, Any]
    in_force: dict[str, Any]

    def __call__(self, grad_output: Operand) -> tuple[da.Array, da.Array, da.Array | None]:
        """Gradients with respect to input, weight and bias, None where there was no bias."""
        grad_input, grad_weight = self.grad_input(grad_output), self.grad_weight(grad_output)
        return grad_input, grad_weight, self.grad_bias(grad_output)

    def grad_input(self, grad_output: Operand) -> da.Array:
        """Gradient with respect to the input alone, in the chunks of the input."""
        options = self.shared | {"chunks": self.input.chunks}
        with settings.overriding(**self.in_force):
            return conv_grad_input(grad_output, self.weight, self.input.shape, **options)

    def grad_weight(self, grad_output: Operand, split_every: int = 8) -> da.Array:
        """Gradient with respect to the weight alone."""
        options = self.shared | {"padding_value": self.padding_value, "split_every": split_every}
        with settings.overriding(**self.in_force):
            return conv_grad_weight(grad_output, self.input, self.weight.shape, **options)

    def grad_bias(self, grad_output: da.Array) -> da.Array | None:
        """Gradient with respect to the bias alone."""
        check_shape("grad_output", grad_output, self.output.shape)
        if not self.has_bias:
            return None
        form = Form.of(*(self.shared[name] for name in _FORM))
        gradient, dtype = form.full("output", "grad_output", grad_output), self.output.dtype
        summed = np.dtype("float32") if is_half(dtype) else dtype
        axes = (0, *range(2, gradient.ndim))
        return gradient.sum(axis=axes, dtype=summed).astype(dtype)


def conv_vjp(
    input: Operand,
    weight: Any,
    bias: Any = None,
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
) -> tuple[da.Array, Pullback]:
    """`convcore.conv_vjp` of a dask array.

    Parameters
    ----------
    input, weight, bias, stride, padding, dilation, groups, padding_mode, padding_value, flip, \
dtype, layout, weight_layout, out_layout, backend
        As in `conv`.

    Returns
    -------
    output : dask array of shape (N, K, *O)
        What `conv` returns.
    pullback : Pullback
        Takes the gradient with respect to the output, a dask array, and returns lazily those with
        respect to input, weight and bias (None where there is no bias).

    Raises
    ------
    GeometryError, ShapeError, DtypeError, OptionError, UnknownBackendError
        As in `conv`.
    """
    input, in_force = operand("input", input), options_in_force(backend)
    steps = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    form = dict(zip(_FORM, (dtype, layout, weight_layout, out_layout), strict=True))
    shared: dict[str, Any] = {**steps, "padding_mode": padding_mode, "flip": flip, **form}
    with settings.overriding(**in_force):
        output = conv(input, weight, bias, padding_value=padding_value, **shared)
    return output, Pullback(
        input, weight, output, bias is not None, padding_value, shared, in_force
    )
