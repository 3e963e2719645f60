"""The functions that users call; each checks its arguments once, finds a plan and runs it.

Everything here derives from the three maps of `Convolution`: the transposed convolution is
`grad_input` read forwards, a true convolution has its weight flipped, padding modes extend the
input beforehand and fold its gradient afterwards, a bias is added at the end. For complex operands
the gradients conjugate the other operand first, so that sum(a * conj(b)) is the inner product of
the adjoint identity; the forward functions never conjugate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from . import settings
from .arrays import BACKEND_DTYPES, Array, check_bias, check_out, check_pair, parse_dtype
from .binding import Bound, bind, bind_transposed
from .boundary import check_value
from .convolution import Convolution
from .errors import ShapeError
from .explanation import parse_operation
from .geometry import Geometry, Operation
from .parsing import Padding, PerAxis
from .selection import choose, problem_of

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
    check_bias(bias, weight.shape[0], dtype)
    check_value(padding_value, padding_mode, dtype)
    _check_out(out, bound.geometry.output_shape, dtype, input, weight, bias)
    return bound.forward(input, _flipped(weight, flip), bias, padding_value, out)


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
        input.shape,
        weight.shape,
        dtype,
        stride,
        padding,
        output_padding,
        dilation,
        groups,
        backend,
    )
    check_bias(bias, bound.geometry.in_channels, dtype)
    _check_out(out, bound.geometry.input_shape, dtype, input, weight, bias)
    return bound.grad_input(input, _flipped(weight, flip), bias, out)


def conv_grad_input(
    grad_output: Array,
    weight: Array,
    input_shape: Sequence[int],
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    flip: bool = False,
    backend: settings.Spec = None,
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
    stride, padding, dilation, groups, padding_mode, flip, backend, out
        As in `conv`; `out` has shape `input_shape`.

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
    dtype = check_pair("grad_output", grad_output, "weight", weight)
    bound = bind(
        input_shape,
        weight.shape,
        dtype,
        stride,
        padding,
        dilation,
        groups,
        padding_mode,
        "grad_input",
        backend,
    )
    _check_grad_output(grad_output, bound)
    _check_out(out, bound.geometry.input_shape, dtype, grad_output, weight)
    return bound.grad_input(grad_output, _conjugated(_flipped(weight, flip)), None, out)


def conv_grad_weight(
    grad_output: Array,
    input: Array,
    weight_shape: Sequence[int],
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
    """Gradient of a scalar with respect to the weight of `conv`, given that for its output.

    Parameters
    ----------
    grad_output : ndarray of shape (N, K, *O)
        Gradient with respect to the output.
    input : ndarray of shape (N, C, *S)
        The input of `conv`; conjugated first where it is complex.
    weight_shape : sequence of int
        (K, C / groups, *R); the output's shape does not determine it where stride > 1.
    stride, padding, dilation, groups, padding_mode, padding_value, flip, backend, out
        As in `conv`; `out` has shape `weight_shape`.

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
    dtype = check_pair("grad_output", grad_output, "input", input)
    bound = bind(
        input.shape,
        weight_shape,
        dtype,
        stride,
        padding,
        dilation,
        groups,
        padding_mode,
        "grad_weight",
        backend,
    )
    _check_grad_output(grad_output, bound)
    check_value(padding_value, padding_mode, dtype)
    _check_out(out, bound.geometry.weight_shape, dtype, grad_output, input)
    value = np.conj(padding_value)
    if not flip:
        return bound.grad_weight(grad_output, _conjugated(input), value, out)
    gradient = _flipped(bound.grad_weight(grad_output, _conjugated(input), value, None), flip)
    if out is None:
        return np.ascontiguousarray(gradient)
    out[...] = gradient
    return out


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
    shared: dict[str, Any] = {
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "padding_mode": padding_mode,
        "flip": flip,
        "backend": settings.backend_in_force(backend).value,
    }
    output = conv(input, weight, bias, padding_value=padding_value, out=out, **shared)
    context = settings.context()

    def pullback(grad_output: Array) -> tuple[Array, Array, Array | None]:
        with settings.overriding(**context._asdict()):
            grad_input = conv_grad_input(grad_output, weight, input.shape, **shared)
            grad_weight = conv_grad_weight(
                grad_output, input, weight.shape, padding_value=padding_value, **shared
            )
        return grad_input, grad_weight, None if bias is None else _grad_bias(grad_output)

    return output, pullback


def plan(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    *,
    dtype: Any = "float32",
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    operation: Operation | None = None,
    backend: settings.Spec = None,
) -> Convolution:
    """Choose a backend once and bind it to a problem, for calls without further ado.

    Parameters
    ----------
    input_shape, weight_shape : sequence of int
        (N, C, *S) and (K, C / groups, *R).
    dtype : str or numpy.dtype
        Dtype of the operands; float16 has no plan, because `conv` widens it.
    operation : {"forward", "grad_input", "grad_weight"}, optional
        What the plan is mostly for; by default it is chosen for the sum of the three.
    stride, padding, dilation, groups, backend
        As in `conv`.

    Returns
    -------
    Convolution
        With the methods `forward`, `grad_input` and `grad_weight`; immutable, usable from several
        threads at once, and picklable.

    Raises
    ------
    GeometryError, ShapeError, DtypeError, UnsupportedError, UnknownBackendError, BackendLoadError
        As in `conv`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = plan((1, 1, 4), (1, 1, 2), dtype="float64")
    >>> layer.forward(np.array([[[1.0, 2.0, 3.0, 4.0]]]), np.array([[[1.0, 10.0]]]))
    array([[[21., 32., 43.]]])
    """
    geometry = Geometry.of(
        input_shape, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    parsed = parse_dtype(dtype, BACKEND_DTYPES)
    return choose(problem_of(geometry, parsed, parse_operation(operation)), backend)


def _check_out(
    out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any], *operands: Array | None
) -> None:
    if out is not None:
        check_out(out, shape, dtype, *(entry for entry in operands if entry is not None))


def _check_grad_output(grad_output: Array, bound: Bound) -> None:
    if grad_output.shape != bound.geometry.output_shape:
        raise ShapeError(
            f"grad_output: must have the output's shape {bound.geometry.output_shape}; "
            f"got {grad_output.shape}"
        )


def _flipped(weight: Array, flip: bool) -> Array:
    """`weight`, or a view of it that runs backwards along every spatial axis."""
    return np.flip(weight, tuple(range(2, weight.ndim))) if flip else weight


def _conjugated(operand: Array) -> Array:
    return operand.conj() if operand.dtype.kind == "c" else operand


def _grad_bias(grad_output: Array) -> Array:
    """Sum over batch and positions, in float32 for float16, wrapping for integers."""
    dtype = grad_output.dtype
    axes = (0, *range(2, grad_output.ndim))
    wide = np.dtype("float32") if dtype == np.float16 else dtype
    with np.errstate(over="ignore", invalid="ignore"):
        return grad_output.sum(axis=axes, dtype=wide).astype(dtype)  # type: ignore[no-any-return]
