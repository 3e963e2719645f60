"""`conv` and its transpose with functions that pull a gradient back through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import settings
from ..contract import Array
from ..planning import requested_backend
from ..problem import Padding, PerAxis
from .bias import grad_bias
from .calls import Ends, Steps
from .forms import Form, check_shape
from .forward import conv
from .gradients import conv_grad_input, conv_grad_weight
from .padding_modes import PaddingMode
from .transposed import conv_transpose, transpose_grad_input, transpose_grad_weight

# What makes a `Form`, in the order of its arguments.
_FORM = ("dtype", "layout", "weight_layout", "out_layout")


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
        The backend that was asked for, and the options of `with` blocks and of the process.
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
        operands = {"input": self.input, "weight": self.weight, "grad_output": grad_output}
        dtype = self._form.dtype_of(**operands)
        check_shape("grad_output", grad_output, self.output_shape)
        if not self.has_bias:
            return None
        return grad_bias(self._form.view("output", "grad_output", grad_output), dtype)

    @property
    def _form(self) -> Form:
        """How the arrays are given."""
        return Form.of(*(self.shared[name] for name in _FORM))


class TransposePullback(Pullback):
    """The same for `conv_transpose`."""

    def grad_input(self, grad_output: Array) -> Array:
        """Gradient with respect to the input alone."""
        with settings.overriding(**self.in_force):
            return transpose_grad_input(
                self._form, grad_output, self.weight, self.input.shape, *self._problem()
            )

    def grad_weight(self, grad_output: Array) -> Array:
        """Gradient with respect to the weight alone."""
        with settings.overriding(**self.in_force):
            return transpose_grad_weight(
                self._form, grad_output, self.input, self.weight.shape, *self._problem()
            )

    def _problem(self) -> tuple[Steps, Ends, bool]:
        shared = self.shared
        steps = tuple(shared[name] for name in ("stride", "padding", "dilation", "groups"))
        return steps, (shared["output_padding"], shared["output_shape"]), shared["flip"]


def _in_force(backend: settings.BackendSpec) -> dict[str, Any]:
    """The backend that is asked for here, and the options of `with` blocks and of the process."""
    spec, _ = requested_backend(backend)
    process = settings.defaults()._asdict()
    local = {k: v for k, v in settings.context()._asdict().items() if v is not None}
    return process | local | {"backend": settings.AUTOMATIC if spec is None else spec}


def conv_vjp(
    input: Array,
    weight: Array,
    bias: Array | None = None,
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
) -> tuple[Array, Pullback]:
    """`conv` together with the function that pulls a gradient back through it.

    Parameters
    ----------
    input, weight, bias, stride, padding, dilation, groups, padding_mode, padding_value, flip, \
dtype, layout, weight_layout, out_layout, backend, out
        As in `conv`. Each gradient has the layout of what it is the gradient of, and all have
        `dtype` where that is given.

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
    form = dict(zip(_FORM, (dtype, layout, weight_layout, out_layout), strict=True))
    shared: dict[str, Any] = {**steps, "padding_mode": padding_mode, "flip": flip, **form}
    in_force = _in_force(backend)
    with settings.overriding(**in_force):
        output = conv(input, weight, bias, padding_value=padding_value, out=out, **shared)

    return output, Pullback(
        input, weight, output.shape, bias is not None, padding_value, shared, in_force
    )


def conv_transpose_vjp(
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
) -> tuple[Array, Pullback]:
    """`conv_transpose` together with the function that pulls a gradient back through it.

    Parameters
    ----------
    input, weight, bias, stride, padding, output_padding, output_shape, dilation, groups, flip, \
dtype, layout, weight_layout, out_layout, backend, out
        As in `conv_transpose`.

    Returns
    -------
    output : ndarray of shape (N, C_out, *O)
        What `conv_transpose` returns.
    pullback : Pullback
        As that of `conv_vjp`.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `conv`.

    Examples
    --------
    >>> import numpy as np
    >>> x, w = np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0, 100.0]]])
    >>> y, pullback = conv_transpose_vjp(x, w, stride=2)
    >>> pullback(np.ones_like(y))
    (array([[[111., 111.]]]), array([[[3., 3., 3.]]]), None)
    """
    steps = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    ends = {"output_padding": output_padding, "output_shape": output_shape}
    form = dict(zip(_FORM, (dtype, layout, weight_layout, out_layout), strict=True))
    shared: dict[str, Any] = {**steps, **ends, "flip": flip, **form}
    in_force = _in_force(backend)
    with settings.overriding(**in_force):
        output = conv_transpose(input, weight, bias, out=out, **shared)

    return output, TransposePullback(
        input, weight, output.shape, bias is not None, 0, shared, in_force
    )
