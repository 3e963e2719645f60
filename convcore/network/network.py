"""A network: layers one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike

import numpy as np

from . import files
from .base import Array, Layer


class Network:
    """Layers l = 0, ..., L - 1 in sequence; x^0 goes in, x^L comes out.

    Parameters
    ----------
    layers : sequence of Layer
        What x goes through, in this order.

    Examples
    --------
    >>> from convcore.network import Convolutional, Dense, Flatten, MaxPooling
    >>> network = Network(
    ...     [
    ...         Convolutional(1, 4, (3, 3), padding="same", activation="relu"),
    ...         MaxPooling((2, 2)),
    ...         Flatten(),
    ...         Dense(4 * 4 * 4, 10),
    ...     ]
    ... )
    >>> network.forward(np.ones((5, 1, 8, 8), np.float32)).shape
    (5, 10)
    >>> list(network.parameters)
    ['0.weight', '0.bias', '3.weight', '3.bias']
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)

    @property
    def parameters(self) -> dict[str, Array]:
        """The live parameter arrays of all layers, under "l.name"; write into the arrays.

        The dict itself is made anew each time, so assigning to its keys changes nothing; see
        `assign`.
        """
        return {
            f"{position}.{name}": array
            for position, layer in enumerate(self.layers)
            for name, array in layer.parameters.items()
        }

    def forward(self, x: Array) -> Array:
        """Compute x^L from x = x^0; the layers keep what `backward` needs."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def trace(self, x: Array) -> list[Array]:
        """Compute all of x^0, x^1, ..., x^L: what every layer sees and makes."""
        values = [x]
        for layer in self.layers:
            values.append(layer.forward(values[-1]))
        return values

    def backward(self, grad_y: Array) -> tuple[Array, dict[str, Array]]:
        """Chain rule through all layers, last one first.

        Parameters
        ----------
        grad_y : ndarray of the shape of x^L
            dE/dx^L.

        Returns
        -------
        grad_x : ndarray of the shape of x^0
            dE/dx^0: how each number that went in moves E.
        gradients : dict of str to ndarray
            dE/dp for each p in `parameters`, under the same name.
        """
        gradients: dict[str, Array] = {}
        for position, layer in reversed(list(enumerate(self.layers))):
            grad_y, of_layer = layer.backward(grad_y)
            gradients |= {f"{position}.{name}": grad for name, grad in of_layer.items()}
        return grad_y, gradients

    def predict(self, x: Array, batch_size: int = 256) -> Array:
        """Compute x^L for any number of samples, a batch at a time.

        Parameters
        ----------
        x : ndarray of shape (N, ...)
            N >= 1 samples.
        batch_size : int
            Samples that go through together; bounds the memory.
        """
        parts = range(0, max(1, len(x)), batch_size)
        return np.concatenate([self.forward(x[part : part + batch_size]) for part in parts])

    def assign(self, values: Mapping[str, Array]) -> None:
        """Copy `values`, one array for each of `parameters`, into this network.

        Raises
        ------
        ParameterError
            If a name is missing or unknown, or a shape or dtype differs; then nothing is changed.
        """
        self._assign(values, "values")

    def save(self, path: str | PathLike[str]) -> None:
        """Write the parameters to an .npz file, under exactly this path."""
        files.write(path, self.parameters)

    def load(self, path: str | PathLike[str]) -> None:
        """Read the parameters back from an .npz file that `save` wrote.

        Raises
        ------
        ParameterError
            If the file is no .npz file or does not fit this network; then nothing is changed.
        OSError
            If there is no such file.
        """
        self._assign(files.read(path), str(path))

    def _assign(self, values: Mapping[str, Array], source: str) -> None:
        files.check_fit(self.parameters, values, source)
        for name, array in self.parameters.items():
            array[...] = values[name]
