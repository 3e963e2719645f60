"""`conv` together with the function that pulls a gradient back through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .. import settings
from ..contract import Array
from ..planning import requested_backend
from ..problem import Padding, PerAxis
from .bias import grad_bias
from .forward import conv
from .gradients import conv_grad_input, conv_grad_weight

Pullback: TypeAlias = Callable[[Array], tuple[Array, Array, Array | None]]


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
    pullback : callable
        Takes the gradient with respect to the output and returns those with respect to input,
        weight and bias (None where there is no bias). It keeps references to the operands, and
        runs under the options that were in force here.

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

    def pullback(grad_output: Array) -> tuple[Array, Array, Array | None]:
        with settings.overriding(**in_force):
            grad_input = conv_grad_input(grad_output, weight, input.shape, **shared)
            grad_weight = conv_grad_weight(
                grad_output, input, weight.shape, padding_value=padding_value, **shared
            )
        return grad_input, grad_weight, None if bias is None else grad_bias(grad_output)

    return output, pullback
