"""The layers that have weights, and the one between positions and plain features."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

from ..errors import GeometryError, ShapeError
from ..functional import check_mode, conv, conv_grad_input, conv_grad_weight
from ..problem import Geometry, parse_padding, parse_per_axis
from .activations import Activation
from .base import Array, Layer, Seed, Weighted


class Convolutional(Weighted):
    """A convolutional layer of any spatial rank: y = a(f(x, w) + b).

    For one channel, without stride, padding and dilation, and n, m index tuples of one entry
    per spatial axis,

        f(x, w)_n = sum over m of  w_m x_(n+m)

    and in general, as in `convcore.conv`, for sample i and output channel k in group g,

        f(x, w)_(i,k,n) = sum over c, m of  w_(k,c,m) x_(i, g C/G + c, s)
        with  s = n stride + m dilation - before

    On the way back, dE/dx is a true convolution of delta = dE/dz with w, that is, it slides the
    flipped w over delta; dE/dw slides delta over x. WHY.md derives both.

    Parameters
    ----------
    in_channels, out_channels : int
        C and K.
    kernel_extents : sequence of int
        R; its length is the spatial rank.
    stride, padding, dilation, groups, padding_mode
        As in `convcore.conv`.
    bias : bool
        Whether to add a b_k.
    activation : str or Activation
        "identity", "relu", "sigmoid", "tanh", "softmax", or an object.
    backend : optional
        As in `convcore.conv`; by default the one in force when a pass runs.
    dtype : str or numpy.dtype
        float32 or float64; x must have the same.
    seed : int or numpy.random.Generator
        Source of the initial weights.

    Raises
    ------
    GeometryError
        If the numbers describe no convolution.
    ConvcoreError
        If there is no such activation.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Convolutional(1, 4, (3, 3), padding="same", activation="relu")
    >>> layer.forward(np.ones((2, 1, 8, 8), np.float32)).shape
    (2, 4, 8, 8)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_extents: Sequence[int],
        *,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        padding_mode: str = "zeros",
        bias: bool = True,
        activation: str | Activation = "identity",
        backend: Any = None,
        dtype: Any = "float32",
        seed: Seed = 0,
    ) -> None:
        shape = _weight_shape(in_channels, out_channels, kernel_extents, groups)
        _check_options(shape[2:], stride, padding, dilation, padding_mode)
        super().__init__(shape, activation=activation, bias=bias, dtype=dtype, seed=seed)
        self.backend = backend
        self.options = {
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
            "padding_mode": padding_mode,
        }

    def _f(self, x: Array, weight: Array) -> Array:
        return conv(x, weight, **self.options, backend=self.backend)

    def _grad_input(self, delta: Array, weight: Array, shape: tuple[int, ...]) -> Array:
        return conv_grad_input(delta, weight, shape, **self.options, backend=self.backend)

    def _grad_weight(self, delta: Array, x: Array) -> Array:
        shape = self.parameters["weight"].shape
        return conv_grad_weight(delta, x, shape, **self.options, backend=self.backend)


def _weight_shape(
    in_channels: int, out_channels: int, kernel_extents: Sequence[int], groups: int
) -> tuple[int, ...]:
    """Return (K, C / G, *R) once the numbers are known to fit each other."""
    if not isinstance(kernel_extents, list | tuple) or not kernel_extents:
        raise GeometryError(
            "kernel_extents: must hold one extent for each spatial axis; "
            f"got {kernel_extents!r}; write for instance (3, 3)"
        )
    extents, rank = tuple(map(index, kernel_extents)), len(kernel_extents)
    return Geometry(
        batch=1,
        in_channels=in_channels,
        out_channels=out_channels,
        groups=groups,
        input_extents=extents,
        kernel_extents=extents,
        stride=(1,) * rank,
        dilation=(1,) * rank,
        padding=((0, 0),) * rank,
    ).weight_shape


def _check_options(
    kernel_extents: tuple[int, ...], stride: Any, padding: Any, dilation: Any, padding_mode: str
) -> None:
    """Refuse what no input makes right."""
    rank = len(kernel_extents)
    stride = parse_per_axis("stride", stride, rank)
    dilation = parse_per_axis("dilation", dilation, rank, " (1 means dense)")
    parse_padding(padding, kernel_extents, kernel_extents, stride, dilation)
    check_mode(padding_mode)


class Dense(Weighted):
    """A dense layer y = a(f(x, w) + b) with f(x, w)_k = sum over c of w_(k,c) x_c.

    It is the convolutional layer whose kernel is as large as its input: one position, n = 0.

    Parameters
    ----------
    in_features, out_features : int
        C and K; x is of shape (N, C), y of shape (N, K).
    bias, activation, dtype, seed
        As in `Convolutional`.

    Raises
    ------
    GeometryError
        If a number of features is negative.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        activation: str | Activation = "identity",
        dtype: Any = "float32",
        seed: Seed = 0,
    ) -> None:
        shape = _weight_shape(in_features, out_features, (1,), 1)[:2]
        super().__init__(shape, activation=activation, bias=bias, dtype=dtype, seed=seed)

    def _f(self, x: Array, weight: Array) -> Array:
        if x.ndim != 2 or x.shape[1] != weight.shape[1]:
            raise ShapeError(
                f"x: must have shape (N, {weight.shape[1]}); got {x.shape}; "
                "put a Flatten layer before a dense one"
            )
        return x @ weight.T

    def _grad_input(self, delta: Array, weight: Array, shape: tuple[int, ...]) -> Array:
        return delta @ weight

    def _grad_weight(self, delta: Array, x: Array) -> Array:
        return delta.T @ x


class Flatten(Layer):
    """Read (N, C, *S) as (N, C |S|), and the gradient the other way round."""

    def forward(self, x: Array) -> Array:
        """Return x with channels and positions in one axis."""
        self._kept = x.shape
        return x.reshape(x.shape[0], prod(x.shape[1:]))

    def backward(self, grad_y: Array) -> tuple[Array, dict[str, Array]]:
        """Return grad_y in the shape of x."""
        return grad_y.reshape(self._recall()), {}
