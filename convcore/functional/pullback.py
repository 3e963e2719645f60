"""`conv` together with the function that pulls a gradient back through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import settings
from ..contract import Array, check_operand, native_byte_order
from ..planning import requested_backend
from ..problem import Padding, PerAxis
from .bias import grad_bias
from .forward import conv
from .gradients import conv_grad_input, conv_grad_weight


@dataclass(frozen=True, repr=False, eq=False)
class Pullback:
    """Takes the gradient with respect to the output of `conv` back to its arguments.

    It keeps references to the operands, and runs under the options that were in force when it was
    made. It can be pickled; its methods give one gradient each.

    Parameters
    ----------
    input, weight : ndarray
        The operands.
    output_shape : tuple of int
        What the gradient with respect to the output has to have.
    has_bias : bool
        Whether there was a bias.
    padding_value : number
        As given to `conv`.
    shared : dict
        The options that both gradients take.
    in_force : dict
        The backend that was asked for, and the options of `with` blocks.
    """

    input: Array
    weight: Array
    output_shape: tuple[int, ...]
    has_bias: bool
    padding_value: Any
    shared: dict[str, Any]
    in_force: dict[str, Any]

    def __call__(self, grad_output: Array) -> tuple[Array, Array, Array | None]:
        """Gradients with respect to input, weight and bias, None where there was no bias."""
        grad_input, grad_weight = self.grad_input(grad_output), self.grad_weight(grad_output)
        return grad_input, grad_weight, self.grad_bias(grad_output)

    def grad_input(self, grad_output: Array) -> Array:
        """Gradient with respect to the input alone."""
        with settings.overriding(**self.in_force):
            return conv_grad_input(grad_output, self.weight, self.input.shape, **self.shared)

    def grad_weight(self, grad_output: Array) -> Array:
        """Gradient with respect to the weight alone."""
        options = self.shared | {"padding_value": self.padding_value}
        with settings.overriding(**self.in_force):
            return conv_grad_weight(grad_output, self.input, self.weight.shape, **options)

    def grad_bias(self, grad_output: Array) -> Array | None:
        """Gradient with respect to the bias alone."""
        dtype = native_byte_order(self.input.dtype)
        check_operand("grad_output", grad_output, self.output_shape, dtype)
        return grad_bias(grad_output) if self.has_bias else None


def conv_vjp(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    padding_value: Any = 0,
    flip: bool = False,
    backend: settings.BackendSpec = None,
    out: Array | None = None,
) -> tuple[Array, Pullback]:
    """`conv` together with the function that pulls a gradient back through it.

    Parameters
    ----------
    input, weight, bias, stride, padding, dilation, groups, padding_mode, padding_value, flip, \
backend, out
        As in `conv`.

    Returns
    -------
    output : ndarray of shape (N, K, *O)
        What `conv` returns.
    pullback : Pullback
        Takes the gradient with respect to the output and returns those with respect to input,
        weight and bias (None where there is no bias); its methods `grad_input`, `grad_weight` and
        `grad_bias` give one alone. It keeps references to the operands, runs under the options
        that were in force here, and can be pickled.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `conv`.

    Examples
    --------
    >>> import numpy as np
    >>> x, w = np.array([[[1.0, 2.0, 4.0]]]), np.array([[[1.0, 10.0]]])
    >>> y, pullback = conv_vjp(x, w)
    >>> pullback(np.ones_like(y))
    (array([[[ 1., 11., 10.]]]), array([[[3., 6.]]]), None)
    """
    steps = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    shared: dict[str, Any] = {**steps, "padding_mode": padding_mode, "flip": flip}
    spec, _ = requested_backend(backend)
    pinned = settings.AUTOMATIC if spec is None else spec
    in_force = settings.context()._replace(backend=pinned)._asdict()
    with settings.overriding(**in_force):
        output = conv(input, weight, bias, padding_value=padding_value, out=out, **shared)

    return output, Pullback(
        input, weight, output.shape, bias is not None, padding_value, shared, in_force
    )
