"""What every layer of a network is: a map x -> y that can be read backwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..contract import check_array
from ..errors import ConvcoreError, DtypeError
from .activations import Activation, activation_named

Array: TypeAlias = NDArray[Any]
Seed: TypeAlias = int | np.random.Generator


class Layer(ABC):
    """One step of a network: y^l = x^(l+1) from x^l, and the gradients on the way back.

    `forward` keeps what `backward` needs, so one object serves one training loop at a time.

    Attributes
    ----------
    parameters : dict of str to ndarray
        The live arrays: whatever optimises them may write into them.
    """

    def __init__(self) -> None:
        self.parameters: dict[str, Array] = {}
        self._kept: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """What a copy needs: not what the last `forward` kept."""
        return vars(self) | {"_kept": None}

    @abstractmethod
    def forward(self, x: Array) -> Array:
        """Compute y = x^(l+1) from x = x^l."""

    @abstractmethod
    def backward(self, grad_y: Array) -> tuple[Array, dict[str, Array]]:
        """Gradients with respect to x and to every parameter, given that for y.

        Parameters
        ----------
        grad_y : ndarray of the shape of y
            dE/dy, where E is the scalar to be minimised.

        Returns
        -------
        grad_x : ndarray of the shape of x
            dE/dx, which is grad_y of the layer before.
        gradients : dict of str to ndarray
            dE/dp for each p in `parameters`, under the same name.

        Raises
        ------
        ConvcoreError
            If no `forward` came before.
        """

    def _recall(self) -> Any:
        """What the last `forward` kept."""
        if self._kept is None:
            raise ConvcoreError(
                f"backward: needs a forward pass to go back through; got none in "
                f"{type(self).__name__}"
            )
        return self._kept


class Weighted(Layer):
    """A layer y = a(f(x, w) + b); the subclass says what f is.

    With delta = dE/dz, z = f(x, w) + b, the chain rule gives

        delta = a'(z) dE/dy        (for every element; softmax mixes the channels)
        dE/dx = the adjoint of f(., w) at delta
        dE/dw = the adjoint of f(x, .) at delta
        dE/db = delta summed over samples and positions

    Parameters
    ----------
    weight_shape : tuple of int
        Shape of w; its first extent is the number of output channels.
    activation : str or Activation
        a.
    bias : bool
        Whether there is a b.
    dtype : str or numpy.dtype
        float32 or float64.
    seed : int or numpy.random.Generator
        Source of the initial weights; give all layers the same Generator.
    """

    def __init__(
        self,
        weight_shape: tuple[int, ...],
        *,
        activation: str | Activation,
        bias: bool,
        dtype: Any,
        seed: Seed,
    ) -> None:
        super().__init__()
        self.activation = activation_named(activation)
        weight = initial_weight(weight_shape, self.activation.gain, dtype, seed)
        self.parameters["weight"] = weight
        if bias:
            self.parameters["bias"] = np.zeros(weight_shape[0], weight.dtype)

    def forward(self, x: Array) -> Array:
        """Compute y = a(f(x, w) + b)."""
        weight = self.parameters["weight"]
        _check_dtype(x, weight.dtype)
        z = self._f(x, weight)
        if "bias" in self.parameters:
            z += self.parameters["bias"].reshape(-1, *(1,) * (z.ndim - 2))
        y = self.activation.value(z)
        self._kept = x, z, y
        return y

    def backward(self, grad_y: Array) -> tuple[Array, dict[str, Array]]:
        """Gradients with respect to x, w and b, given dE/dy."""
        x, z, y = self._recall()
        delta = self.activation.backward(grad_y, z, y)
        gradients = {"weight": self._grad_weight(delta, x)}
        if "bias" in self.parameters:
            gradients["bias"] = delta.sum(axis=(0, *range(2, delta.ndim)))
        return self._grad_input(delta, self.parameters["weight"], x.shape), gradients

    @abstractmethod
    def _f(self, x: Array, weight: Array) -> Array:
        """f(x, w), in a new array."""

    @abstractmethod
    def _grad_input(self, delta: Array, weight: Array, shape: tuple[int, ...]) -> Array:
        """dE/dx, of the given shape."""

    @abstractmethod
    def _grad_weight(self, delta: Array, x: Array) -> Array:
        """dE/dw."""


def _check_dtype(x: Array, dtype: np.dtype[Any]) -> None:
    """Refuse an x that would have to be converted silently."""
    found = check_array("x", x)
    if found != dtype:
        raise DtypeError(
            f"x: must have the dtype of the layer, {dtype}; got {found}; "
            f"write x.astype('{dtype}'), or make the layer with another dtype="
        )


def initial_weight(shape: tuple[int, ...], gain: float, dtype: Any, seed: Seed) -> Array:
    """Normal weights of variance gain / fan-in, which keeps the size of signals over depth.

    Parameters
    ----------
    shape : tuple of int
        (K, C, *R); the fan-in is C |R|, the number of products in one output.
    gain : float
        2 before ReLU, which halves the second moment [1]_; 1 otherwise.
    dtype : str or numpy.dtype
        float32 or float64.
    seed : int or numpy.random.Generator
        Drawn in float64 and then rounded, so that both dtypes start from the same weights.

    References
    ----------
    .. [1] K. He et al., "Delving deep into rectifiers", ICCV 2015, equation 10.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise DtypeError(f"dtype: must be float32 or float64; got {dtype}")
    fan_in = max(1, prod(shape[1:]))
    drawn = np.random.default_rng(seed).standard_normal(shape)
    weight: Array = (drawn * np.sqrt(gain / fan_in)).astype(dtype)
    return weight
