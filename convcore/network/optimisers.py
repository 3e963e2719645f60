"""Optimisers: from gradients to smaller losses, one step at a time.

Each changes the parameter arrays in place and keeps its state by their names.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from .base import Array


class Optimiser(ABC):
    """One rule for changing parameters along their gradients."""

    @abstractmethod
    def step(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Change every parameter in place.

        Parameters
        ----------
        parameters, gradients : mapping of str to ndarray
            p and dE/dp under the same names.
        """


class SGD(Optimiser):
    """Gradient descent with momentum: v <- momentum v - rate dE/dp, p <- p + v.

    Parameters
    ----------
    rate : float
        Length of a step for a gradient of length 1.
    momentum : float
        Share of the last step that goes into the next; 0 is plain descent.
    """

    def __init__(self, rate: float = 0.01, momentum: float = 0.0) -> None:
        self.rate, self.momentum = rate, momentum
        self._velocity: dict[str, Array] = {}

    def step(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Change every parameter in place."""
        for name, p in parameters.items():
            velocity = self._velocity.setdefault(name, np.zeros_like(p))
            velocity *= self.momentum
            velocity -= self.rate * gradients[name]
            p += velocity


class Adam(Optimiser):
    """Adam: steps of about `rate` in every coordinate, whatever the size of its gradient [1]_.

    With g = dE/dp and t the number of the step: m <- beta1 m + (1 - beta1) g,
    v <- beta2 v + (1 - beta2) g^2, p <- p - rate m' / (sqrt(v') + epsilon), where
    m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t) undo the start from zero.

    Parameters
    ----------
    rate : float
        Size of a step.
    beta1, beta2 : float
        Memory of the mean and of the mean square of the gradient.
    epsilon : float
        Keeps the quotient finite.

    References
    ----------
    .. [1] D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    """

    def __init__(
        self,
        rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.rate, self.beta1, self.beta2, self.epsilon = rate, beta1, beta2, epsilon
        self._steps = 0
        self._moments: dict[str, tuple[Array, Array]] = {}

    def step(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Change every parameter in place."""
        self._steps += 1
        for name, p in parameters.items():
            if name not in self._moments:
                self._moments[name] = np.zeros_like(p), np.zeros_like(p)
            p -= self.rate * self._direction(gradients[name], *self._moments[name])

    def _direction(self, g: Array, m: Array, v: Array) -> Array:
        """Let g into both moments and return m' / (sqrt(v') + epsilon)."""
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        mean = m / (1 - self.beta1**self._steps)
        square = v / (1 - self.beta2**self._steps)
        direction: Array = mean / (np.sqrt(square) + self.epsilon)
        return direction
