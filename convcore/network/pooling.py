"""Pooling: one number, the largest or the mean, for each window of positions.

For every tap m of the window, x seen through that tap is a strided view x_(n stride + m) of the
shape of y. Forward, y is the maximum or the mean over these views; backward, each view receives
its share of dE/dy, and where windows overlap the shares add up.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..problem import Geometry
from .base import Array, Layer


class Pooling(Layer):
    """Base of the two pooling layers, of any spatial rank.

    Parameters
    ----------
    window_extents : sequence of int
        R, one entry per spatial axis.
    stride : int or sequence of int, optional
        Step between windows; by default R, so that windows touch and do not overlap.

    Notes
    -----
    There is no padding: positions after the last whole window are not looked at, and get the
    gradient 0.
    """

    def __init__(self, window_extents: Sequence[int], stride: Any = None) -> None:
        super().__init__()
        self.window_extents = tuple(window_extents)
        self.stride = self.window_extents if stride is None else stride

    def forward(self, x: Array) -> Array:
        """Compute y, of shape (N, C, *O), from x, of shape (N, C, *S).

        Raises
        ------
        ShapeError, GeometryError
            If the windows do not fit into x.
        """
        if x.ndim < 3:
            raise ShapeError(f"x: must have shape (N, C, *S); got {x.shape}")
        channels = x.shape[1]
        geometry = Geometry.of(
            x.shape, (channels, 1, *self.window_extents), stride=self.stride, groups=channels
        )
        y, memory = self._pool(np.stack(list(_views(x, geometry))))
        self._kept = geometry, memory
        return y

    def backward(self, grad_y: Array) -> tuple[Array, dict[str, Array]]:
        """Gradient with respect to x, given dE/dy."""
        geometry, memory = self._recall()
        grad_x = np.zeros(geometry.input_shape, grad_y.dtype)
        for tap, view in enumerate(_views(grad_x, geometry)):
            view += self._share(tap, grad_y, memory)
        return grad_x, {}

    @abstractmethod
    def _pool(self, views: Array) -> tuple[Array, Any]:
        """Return y from the views, of shape (|R|, N, C, *O), and what `_share` needs."""

    @abstractmethod
    def _share(self, tap: int, grad_y: Array, memory: Any) -> Array:
        """Part of dE/dy that goes to the positions seen through this tap."""


class MaxPooling(Pooling):
    """y_n = max over m of x_(n stride + m); the whole gradient goes to where the maximum was.

    Where several positions of a window hold the same maximum, the first of them in C order has
    it all. The maximum has no derivative there; this is one of its subgradients.

    Examples
    --------
    >>> layer = MaxPooling((2,))
    >>> layer.forward(np.array([[[1.0, 3.0, 2.0, 2.0]]]))
    array([[[3., 2.]]])
    >>> layer.backward(np.array([[[10.0, 20.0]]]))[0]
    array([[[ 0., 10., 20.,  0.]]])
    """

    def _pool(self, views: Array) -> tuple[Array, Any]:
        winner = views.argmax(axis=0)
        return np.take_along_axis(views, winner[None], axis=0)[0], winner

    def _share(self, tap: int, grad_y: Array, memory: Any) -> Array:
        return np.where(memory == tap, grad_y, np.zeros_like(grad_y))


class MeanPooling(Pooling):
    """y_n = mean over m of x_(n stride + m); every position of a window gets an equal share."""

    def _pool(self, views: Array) -> tuple[Array, Any]:
        return views.mean(axis=0), None

    def _share(self, tap: int, grad_y: Array, memory: Any) -> Array:
        share: Array = grad_y / prod(self.window_extents)
        return share


def _views(x: Array, geometry: Geometry) -> Iterator[Array]:
    """x_(n stride + m) for every n, as a view of shape (N, C, *O), for one tap m after another."""
    for tap in product(*map(range, geometry.kernel_extents)):
        axes = zip(tap, geometry.output_extents, geometry.stride, strict=True)
        seen = [slice(m, m + (o - 1) * s + 1, s) for m, o, s in axes]
        yield x[:, :, *seen]
