"""The functions a in y = a(z), and how a gradient passes back through each of them.

`backward` computes delta_i = sum over j of dy_j/dz_i grad_y_j. Where y_i depends on z_i alone, this
is a'(z_i) grad_y_i; softmax is the one function here where it does not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ..errors import ConvcoreError

Array: TypeAlias = NDArray[Any]


class Activation(ABC):
    """A function y = a(z) with its derivative; has no state.

    Attributes
    ----------
    name : str
        What users write.
    gain : float
        Variance of the initial weights times their fan-in.
    """

    name: ClassVar[str]
    gain: ClassVar[float] = 1.0

    @abstractmethod
    def value(self, z: Array) -> Array:
        """Compute y = a(z)."""

    @abstractmethod
    def backward(self, grad_y: Array, z: Array, y: Array) -> Array:
        """Compute dE/dz from dE/dy, z and y = a(z)."""


class Identity(Activation):
    """y = z."""

    name = "identity"

    def value(self, z: Array) -> Array:
        """Return z."""
        return z

    def backward(self, grad_y: Array, z: Array, y: Array) -> Array:
        """Return grad_y."""
        return grad_y


class ReLU(Activation):
    """y = max(z, 0); the derivative at z = 0 is taken as 0."""

    name = "relu"
    gain = 2.0

    def value(self, z: Array) -> Array:
        """Compute max(z, 0)."""
        return np.maximum(z, 0)

    def backward(self, grad_y: Array, z: Array, y: Array) -> Array:
        """Let the gradient through where z > 0."""
        return np.where(z > 0, grad_y, np.zeros_like(grad_y))


class Sigmoid(Activation):
    """y = 1 / (1 + exp(-z))."""

    name = "sigmoid"

    def value(self, z: Array) -> Array:
        """Compute 1 / (1 + exp(-z)) without overflow."""
        value: Array = expit(z)
        return value

    def backward(self, grad_y: Array, z: Array, y: Array) -> Array:
        """Multiply by a'(z) = y (1 - y)."""
        delta: Array = grad_y * (y * (1 - y))
        return delta


class Tanh(Activation):
    """y = tanh(z)."""

    name = "tanh"

    def value(self, z: Array) -> Array:
        """Compute tanh(z)."""
        value: Array = np.tanh(z)
        return value

    def backward(self, grad_y: Array, z: Array, y: Array) -> Array:
        """Multiply by a'(z) = 1 - y^2."""
        delta: Array = grad_y * (1 - y * y)
        return delta


class Softmax(Activation):
    """y_k = exp(z_k) / sum over j of exp(z_j), over the channels (axis 1).

    To train with cross-entropy, leave the last layer at "identity" and use the loss
    `softmax_cross_entropy`, which fuses the two.
    """

    name = "softmax"

    def value(self, z: Array) -> Array:
        """Compute the softmax; the largest z is subtracted first, so that nothing overflows."""
        exponential = np.exp(z - z.max(axis=1, keepdims=True))
        y: Array = exponential / exponential.sum(axis=1, keepdims=True)
        return y

    def backward(self, grad_y: Array, z: Array, y: Array) -> Array:
        """dE/dz_i = y_i (grad_y_i - sum_j y_j grad_y_j), as dy_j/dz_i = y_j ((i = j) - y_i)."""
        mean = (grad_y * y).sum(axis=1, keepdims=True)
        delta: Array = y * (grad_y - mean)
        return delta


ACTIVATIONS: dict[str, Activation] = {
    kind.name: kind() for kind in (Identity, ReLU, Sigmoid, Tanh, Softmax)
}


def activation_named(activation: str | Activation) -> Activation:
    """Return the activation of that name, or the given object itself.

    Raises
    ------
    ConvcoreError
        If there is none of that name.
    """
    if isinstance(activation, Activation):
        return activation
    if activation not in ACTIVATIONS:
        raise ConvcoreError(
            f"activation: must be one of {', '.join(ACTIVATIONS)} or an Activation; "
            f"got {activation!r}"
        )
    return ACTIVATIONS[activation]
