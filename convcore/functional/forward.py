"""The functions that users call; each checks its arguments once, finds a plan and runs it.

Everything here derives from the three maps of `Convolution`: the transposed convolution is
`grad_input` read forwards, a true convolution has its weight flipped, padding modes extend the
input beforehand and fold its gradient afterwards, a bias is added at the end. Nothing is conjugated
on the way forward; `gradients` says what is on the way back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .. import settings
from ..contract import Array, check_operand, check_out, check_pair, flipped
from ..planning import asked_for, explain, plan
from ..problem import Padding, PerAxis
from .calls import bind, bind_transposed
from .gradients import conv_grad_input, conv_grad_weight, grad_bias
from .padding_modes import check_value

__all__ = [
    "conv",
    "conv_grad_input",
    "conv_grad_weight",
    "conv_transpose",
    "conv_vjp",
    "explain",
    "plan",
]

Pullback: TypeAlias = Callable[[Array], tuple[Array, Array, Array | None]]


def conv(
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
    backend: settings.Spec = None,
    out: Array | None = None,
) -> Array:
    """N-d convolution of a batch: the sliding product of `input` with `weight`, as in networks.

    Parameters
    ----------
    input : ndarray of shape (N, C, *S)
        Batch, channels, and 1 to 16 spatial axes.
    weight : ndarray of shape (K, C / groups, *R)
        One kernel for each of the K output channels; dtype of `input`.
    bias : ndarray of shape (K,), optional
        Added to each output channel.
    stride, dilation : int or one int per spatial axis
        Step between output positions and between taps.
    padding : int, one int or one (before, after) pair per axis, or a name
        How far the input is extended, a negative number crops; "valid" (nothing), "same" (output
        extent ceil(S / stride), the odd element after), "same_lower" (the odd one before), "full"
        (every overlap counts).
    groups : int
        Splits the channels: each K / groups output channels see C / groups input channels.
    padding_mode : {"zeros", "constant", "reflect", "symmetric", "replicate", "circular"}
        What the input is extended with: zeros, `padding_value`, a mirror image without or with
        the edge repeated, the edge, or the opposite side.
    padding_value : number
        For the mode "constant".
    flip : bool
        True convolution: the weight is flipped along every spatial axis first.
    backend : str, Convolution subclass or list of those, optional
        What runs; a list is an ordered fallback. By default what `use_backend` or
        `set_default_backend` say, or else the automatic choice.
    out : ndarray of shape (N, K, *O), optional
        Overwritten with the result; C-contiguous, and no overlap with an operand.

    Returns
    -------
    ndarray of shape (N, K, *O)
        `out` if given; O = floor((padded extent - dilation (R - 1) - 1) / stride) + 1.

    Raises
    ------
    GeometryError, ShapeError, DtypeError
        If an argument does not fit; nothing has been computed then.
    UnsupportedError, UnknownBackendError, BackendLoadError
        If the backend that is asked for cannot run this problem, or cannot be found or loaded.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    >>> w = np.array([[[1.0, 10.0]]])
    >>> conv(x, w)
    array([[[21., 32., 43.]]])
    >>> conv(x, w, padding="same", padding_mode="circular", flip=True)
    array([[[12., 23., 34., 41.]]])
    """
    dtype = check_pair("input", input, "weight", weight)
    bound = bind(
        input.shape,
        weight.shape,
        dtype,
        stride,
        padding,
        dilation,
        groups,
        padding_mode,
        "forward",
        backend,
    )
    if bias is not None:
        check_operand("bias", bias, weight.shape[:1], dtype)
    check_value(padding_value, padding_mode, dtype)
    if out is not None:
        check_out(out, bound.geometry.output_shape, dtype, input, weight, bias)
    return bound.forward(input, flipped(weight) if flip else weight, bias, padding_value, out)


def conv_transpose(
    input: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    flip: bool = False,
    backend: settings.Spec = None,
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
    padding : int, one int or one (before, after) pair per axis
        That of the convolution: cropped from the result.
    output_padding : int or one int per axis
        Elements added at the end of each axis, below max(stride, dilation): extents of inputs
        that a strided convolution cannot tell apart.
    flip, backend, out
        As in `conv`.

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
    >>> conv_transpose(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0, 100.0]]]), stride=2)
    array([[[  1.,  10., 102.,  20., 200.]]])
    """
    dtype = check_pair("input", input, "weight", weight)
    bound = bind_transposed(
        input.shape, weight.shape, dtype, stride, padding, output_padding, dilation, groups, backend
    )
    if bias is not None:
        check_operand("bias", bias, (bound.geometry.in_channels,), dtype)
    if out is not None:
        check_out(out, bound.geometry.input_shape, dtype, input, weight, bias)
    return bound.grad_input(input, flipped(weight) if flip else weight, bias, out)


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
    backend: settings.Spec = None,
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
    spec, _ = asked_for(backend)
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
