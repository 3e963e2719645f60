"""Complex products made of real ones: what is multiplied, and what the results are put together by.

With a = ar + i ai and b = br + i bi, any of the three operations is, part by part,

    (a b)r = ar br - ai bi        (a b)i = ar bi + ai br

`Channels` makes all four in one call: both parts of an operand are channels of a real one, and the
weight is the matrix [[br, -bi], [bi, br]] of channels. The other two call the plan of the problem
itself, four times or, after Gauss, three times:

    p = (ar + ai) br    q = ar (bi - br)    r = ai (br + bi)    a b = (p - r) + i (p + q)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from ..contract import Array, Convolution
from ..problem import ROLES, Geometry, Operation
from .workspace import Workspace


class Products(ABC):
    """A way to make complex products of real ones.

    Parameters
    ----------
    backend : type[Convolution]
        Of which plans are made, and which takes complex numbers apart.
    threads : int
        How many it may use for that.
    """

    # What it is called in tables; how often the plan is called; whether a result has no larger
    # error than the sum of its own products may have.
    text: ClassVar[str]
    calls: ClassVar[int]
    componentwise: ClassVar[bool]

    def __init__(self, backend: type[Convolution], threads: int = 1) -> None:
        self.backend, self.threads = backend, threads

    @abstractmethod
    def geometry(self, geometry: Geometry) -> Geometry:
        """The real problem."""

    @abstractmethod
    def count(self, operation: Operation) -> tuple[int, int, int]:
        """Real numbers kept for each complex one of either operand, and of the result."""

    @abstractmethod
    def first(self, geometry: Geometry, array: Array, space: Workspace) -> Sequence[Array]:
        """What each call gets in place of the first operand."""

    @abstractmethod
    def second(
        self, geometry: Geometry, operation: Operation, array: Array, space: Workspace
    ) -> Sequence[Array]:
        """What each call gets in place of the second operand."""

    @abstractmethod
    def join(
        self, geometry: Geometry, operation: Operation, results: Sequence[Array], out: Array
    ) -> None:
        """Write to `out` what the results of the calls amount to; they may be overwritten."""

    def _split(self, array: Array, real: Array, imaginary: Array) -> None:
        self.backend.split_complex(array, real, imaginary, threads=self.threads)

    def _join(self, real: Array, imaginary: Array, out: Array) -> None:
        self.backend.join_complex(real, imaginary, out, threads=self.threads)


class Channels(Products):
    """All four products in one call, of twice as many channels."""

    text = "parts as channels"
    calls = 1
    componentwise = True

    def geometry(self, geometry: Geometry) -> Geometry:
        """Twice as many channels, in as many groups."""
        filters, channels = geometry.out_channels, geometry.in_channels
        return replace(geometry, in_channels=2 * channels, out_channels=2 * filters)

    def count(self, operation: Operation) -> tuple[int, int, int]:
        """Two, and four for each of a weight's."""
        first, second, result = (4 if role == "weight" else 2 for role in ROLES[operation])
        return first, second, result

    def first(self, geometry: Geometry, array: Array, space: Workspace) -> Sequence[Array]:
        """In each group the real parts, then the imaginary ones."""
        batch, channels, *extents = array.shape
        parts = space.array((batch, 2 * channels, *extents))
        self._split(_rows(array, geometry.groups), *_pair(parts, geometry.groups))
        return [parts]

    def second(
        self, geometry: Geometry, operation: Operation, array: Array, space: Workspace
    ) -> Sequence[Array]:
        """Both parts side by side, or the matrix that stands for a weight."""
        if operation == "grad_weight":
            return self.first(geometry, array, space)
        matrix = space.array((2 * array.shape[0], 2 * array.shape[1], *array.shape[2:]))
        _fill(_blocks(geometry, matrix), _by_group(geometry, array), operation == "grad_input")
        return [matrix]

    def join(
        self, geometry: Geometry, operation: Operation, results: Sequence[Array], out: Array
    ) -> None:
        """The parts; those of a weight's gradient add up from the four blocks of its matrix."""
        if operation == "grad_weight":
            blocks, target = _blocks(geometry, results[0]), _by_group(geometry, out)
            np.subtract(blocks[:, 0, :, 0], blocks[:, 1, :, 1], out=target.real)
            np.add(blocks[:, 0, :, 1], blocks[:, 1, :, 0], out=target.imag)
        else:
            self._join(*_pair(results[0], geometry.groups), _rows(out, geometry.groups))


class Four(Products):
    """Four calls, which leave the weight as large and its groups as narrow as they are."""

    text = "four real products"
    calls = 4
    componentwise = True

    def geometry(self, geometry: Geometry) -> Geometry:
        """The same."""
        return geometry

    def count(self, operation: Operation) -> tuple[int, int, int]:
        """The parts of both, and four results."""
        return 2, 2, 4

    def first(self, geometry: Geometry, array: Array, space: Workspace) -> Sequence[Array]:
        """The parts, twice."""
        return 2 * self._parts(array, space)

    def second(
        self, geometry: Geometry, operation: Operation, array: Array, space: Workspace
    ) -> Sequence[Array]:
        """The parts, twice, so that each meets each."""
        real, imaginary = self._parts(array, space)
        return real, imaginary, imaginary, real

    def join(
        self, geometry: Geometry, operation: Operation, results: Sequence[Array], out: Array
    ) -> None:
        """The first less the second, and the sum of the others."""
        real = np.subtract(results[0], results[1], out=results[0])
        imaginary = np.add(results[2], results[3], out=results[2])
        self._join(*map(_rows, (real, imaginary, out)))

    def _parts(self, array: Array, space: Workspace) -> tuple[Array, Array]:
        real, imaginary = space.array(array.shape), space.array(array.shape)
        self._split(_rows(array), _rows(real), _rows(imaginary))
        return real, imaginary


class Three(Four):
    """Three calls, whose results are larger than what they amount to."""

    text = "three real products"
    calls = 3
    componentwise = False

    def count(self, operation: Operation) -> tuple[int, int, int]:
        """Three of each."""
        return 3, 3, 3

    def first(self, geometry: Geometry, array: Array, space: Workspace) -> Sequence[Array]:
        """The sum of the parts, and the parts."""
        real, imaginary = self._parts(array, space)
        total = np.add(real, imaginary, out=space.array(array.shape))
        return total, real, imaginary

    def second(
        self, geometry: Geometry, operation: Operation, array: Array, space: Workspace
    ) -> Sequence[Array]:
        """The real part, and how the imaginary one differs from it and adds to it."""
        real, imaginary = self._parts(array, space)
        difference = np.subtract(imaginary, real, out=space.array(array.shape))
        return real, difference, np.add(real, imaginary, out=imaginary)

    def join(
        self, geometry: Geometry, operation: Operation, results: Sequence[Array], out: Array
    ) -> None:
        """The first less the last, and the first two together."""
        imaginary = np.add(results[0], results[1], out=results[1])
        real = np.subtract(results[0], results[2], out=results[0])
        self._join(*map(_rows, (real, imaginary, out)))


def _rows(array: Array, groups: int = 1) -> Array:
    """A view (N G, C / G, |S|) of an array (N, C, *S), or of rows of it."""
    batch, channels = array.shape[:2]
    return array.reshape(batch * groups, channels // groups, -1)


def _pair(parts: Array, groups: int) -> tuple[Array, Array]:
    """Views like `_rows` of the first and of the second half of each group's channels."""
    halves = _rows(parts, 2 * groups)
    return halves[::2], halves[1::2]


def _by_group(geometry: Geometry, weight: Array) -> Array:
    """A view (G, K / G, C / G, *R)."""
    return weight.reshape(geometry.groups, -1, *weight.shape[1:])


def _blocks(geometry: Geometry, matrix: Array) -> Array:
    """A view (G, part, K / G, part, C / G, *R) of a matrix (2 K, 2 C / G, *R)."""
    channels = geometry.group_in_channels
    return matrix.reshape(geometry.groups, 2, -1, 2, channels, *matrix.shape[2:])


def _fill(blocks: Array, weight: Array, transposed: bool) -> None:
    """Write the matrix that a complex weight stands for, to be applied as it is or `transposed`."""
    positive, negative = blocks[:, 1, :, 0], blocks[:, 0, :, 1]
    if transposed:
        positive, negative = negative, positive
    blocks[:, 0, :, 0] = blocks[:, 1, :, 1] = weight.real
    positive[...] = weight.imag
    np.negative(weight.imag, out=negative)
