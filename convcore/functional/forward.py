"""The functions that users call; each checks its arguments once, finds a plan and runs it.

Everything here derives from the three maps of `Convolution`: the transposed convolution is
`grad_input` read forwards, a true convolution has its weight flipped, padding modes extend the
input beforehand and fold its gradient afterwards, a bias is added at the end. Nothing is conjugated
on the way forward; `gradients` says what is on the way back.
"""

from __future__ import annotations

from typing import Any

from .. import settings
from ..contract import Array, check_operand, check_out, check_pair, flipped
from ..problem import Padding, PerAxis
from .calls import call_for, transposed_call_for
from .padding_modes import check_value


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
    backend: settings.BackendSpec = None,
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
    OptionError, UnsupportedError, UnknownBackendError, BackendLoadError
        If `backend` is nothing that could name one, or the backend that is asked for cannot run
        this problem, or cannot be found or loaded.

    Notes
    -----
    By default the automatic choice may take an algorithm whose errors are small beside the norms
    of what a result can meet (at most about 1e-5 of the largest result), not beside every result.
    Where entries span many decades and small results count, ask for ``options(accuracy="strict")``:
    |error| <= (n + 2) eps (|input| conv |weight|) then, element by element, with n products in a
    sum. Either way NaN and Inf stand where the definition puts them.

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
    steps = (stride, padding, dilation, groups)
    call = call_for(input.shape, weight.shape, dtype, steps, padding_mode, "forward", backend)
    if bias is not None:
        check_operand("bias", bias, weight.shape[:1], dtype)
    check_value(padding_value, padding_mode, dtype)
    if out is not None:
        check_out(out, call.geometry.output_shape, dtype, input, weight, bias)
    return call.forward(input, flipped(weight) if flip else weight, bias, padding_value, out)


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
    steps = (stride, padding, dilation, groups)
    call = transposed_call_for(input.shape, weight.shape, dtype, steps, output_padding, backend)
    if bias is not None:
        check_operand("bias", bias, (call.geometry.in_channels,), dtype)
    if out is not None:
        check_out(out, call.geometry.input_shape, dtype, input, weight, bias)
    return call.grad_input(input, flipped(weight) if flip else weight, bias, out)
