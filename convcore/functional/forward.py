"""`conv`: checks its arguments once, finds a plan and runs it, as the other functions do.

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
from .calls import call_for
from .formed import formed_conv
from .forms import Form
from .padding_modes import PaddingMode, check_value


def conv(
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
        the edge repeated, the edge, or the opposite side; or one of these for each spatial axis.
        Where halos meet, zeros win, then the later axis.
    padding_value : number
        For the mode "constant".
    flip : bool
        True convolution: the weight is flipped along every spatial axis first.
    dtype : str or numpy.dtype, optional
        What is summed in and returned, as in NumPy's ufuncs: operands may then have any dtypes
        that casting="same_kind" takes to it, and are converted slab by slab. By default that of
        the operands, which is one.
    layout, weight_layout, out_layout : str, optional
        The order of the axes of input, weight and output, as in ``layout="NHWC"``,
        ``weight_layout="HWIO"``: N batch, C channels; O output and I input channels of the weight;
        any other capital letter a spatial axis, in the order in which `layout` names them. An axis
        that is not named is not there, its extent is 1; "..." first stands for any number of batch
        axes. By default N, C, then space; O, I, then space; and the output as the input.
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
    >>> image = np.array([[0, 128, 255], [64, 32, 16]], "uint8")
    >>> conv(image, w[0], layout="HW", weight_layout="IW", dtype="float32")
    array([[1280., 2678.],
           [ 384.,  192.]], dtype=float32)
    """
    steps = (stride, padding, dilation, groups)
    if (
        dtype is not None
        or layout is not None
        or weight_layout is not None
        or out_layout is not None
    ):
        form, operands = Form.of(dtype, layout, weight_layout, out_layout), (input, weight, bias)
        rest = (padding_mode, padding_value, flip, backend, out)
        return formed_conv(form, operands, steps, *rest)
    dtype = check_pair("input", input, "weight", weight)
    call = call_for(input.shape, weight.shape, dtype, steps, padding_mode, "forward", backend)
    if bias is not None:
        check_operand("bias", bias, weight.shape[:1], dtype)
    if type(padding_value) is not int or padding_value:  # 0 fits every mode and every dtype
        check_value(padding_value, padding_mode, dtype)
    if out is not None:
        check_out(out, call.geometry.output_shape, dtype, input, weight, bias)
    return call.forward(input, flipped(weight) if flip else weight, bias, padding_value, out)
