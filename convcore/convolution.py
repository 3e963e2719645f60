"""The interface: one convolution problem bound to one backend.

With g = k // (K / G), i(o, r) = o stride + r dilation - before, and positions outside the input
counting as zero, the three operations are

    forward      y[n,k,o]  = sum over c, r of  w[k,c,r] x[n, g C/G + c, i(o,r)]
    grad_input   dx[n,c,s] = sum over k, r, o with i(o,r) = s of  w[k, c mod C/G, r] dy[n,k,o]
    grad_weight  dw[k,c,r] = sum over n, o of  dy[n,k,o] x[n, g C/G + c, i(o,r)]

They are plain bilinear maps: nothing is conjugated, and nothing is flipped in `forward`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .arrays import BACKEND_DTYPES, Array, check_operand, direct, parse_dtype, result_array
from .declaration import Declaration, Refusal
from .errors import GeometryError, UnsupportedError
from .geometry import Geometry, Operation
from .parsing import parse_positive, parse_workspace


def available_cpus() -> int:
    """Number of processors that this process may run on."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Convolution(ABC):
    """One convolution problem bound to one backend: immutable, reusable, thread-safe.

    A backend author writes `_forward`, `_grad_input` and `_grad_weight`; they receive arrays
    that are checked, C-contiguous, aligned, native, of one dtype, never empty and never
    overlapping, and overwrite their last argument.

    Parameters
    ----------
    geometry : Geometry
        The problem.
    dtype : str or numpy.dtype
        Dtype of the operands and of the result.
    threads : int, optional
        Threads to use; all processors that the process may run on by default.
    max_workspace : int, optional
        Bytes of scratch memory to stay under; the backend's own bound by default.

    Raises
    ------
    UnsupportedError
        If the backend refuses the problem.
    """

    name: ClassVar[str]
    declaration: ClassVar[Declaration]

    def __init__(
        self,
        geometry: Geometry,
        dtype: Any,
        *,
        threads: int | None = None,
        max_workspace: int | None = None,
    ) -> None:
        if not isinstance(geometry, Geometry):
            raise GeometryError(f"geometry: must be a Geometry; got {geometry!r}")
        self._geometry = geometry
        self._dtype = parse_dtype(dtype, BACKEND_DTYPES)
        self._threads = available_cpus() if threads is None else parse_positive("threads", threads)
        self._max_workspace = parse_workspace(max_workspace)
        # How an equal object is built elsewhere; the registry puts the backend's name here.
        self._factory: Callable[..., Convolution] = type(self)
        refusal = self.refusal(geometry, self._dtype)
        if refusal is not None:
            raise UnsupportedError(f"backend '{self.name}' cannot run this problem: {refusal.text}")

    @property
    def geometry(self) -> Geometry:
        """The problem."""
        return self._geometry

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the operands and of the result."""
        return self._dtype

    @property
    def threads(self) -> int:
        """Number of threads a call may use."""
        return self._threads

    @property
    def max_workspace(self) -> int | None:
        """Bytes of scratch memory to stay under; None stands for the backend's own bound."""
        return self._max_workspace

    @classmethod
    def refusal(
        cls, geometry: Geometry, dtype: Any, operation: Operation | None = None
    ) -> Refusal | None:
        """Why this backend cannot run the problem, or None if it can; never raises.

        The default holds the problem against the declaration. An author extends it by returning
        a `Refusal` of their own after `super().refusal(...)` returned None.
        """
        declaration = cls.declaration
        if str(dtype) not in declaration.dtypes:
            return Refusal("DTYPE", f"dtype {dtype} is not one of {', '.join(declaration.dtypes)}")
        if geometry.spatial_rank not in declaration.ranks:
            ranks = f"{declaration.ranks.start} to {declaration.ranks.stop - 1}"
            return Refusal("RANK", f"spatial rank {geometry.spatial_rank} is not in {ranks}")
        return None

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float | None:
        """Expected seconds of one call; None (unknown) ranks after every known estimate."""
        return None

    def workspace_bytes(self, operation: Operation) -> int:
        """Largest scratch memory that one call of `operation` allocates, in bytes."""
        return 0

    def forward(self, input: Array, weight: Array, *, out: Array | None = None) -> Array:
        """Convolution of `input` with `weight`.

        Parameters
        ----------
        input : ndarray of shape (N, C, *S)
            Read only.
        weight : ndarray of shape (K, C / groups, *R)
            Read only.
        out : ndarray of shape (N, K, *O), optional
            Overwritten with the result; C-contiguous, and no overlap with an operand.

        Returns
        -------
        ndarray of shape (N, K, *O)
            `out` if given.

        Raises
        ------
        ShapeError, DtypeError
            If an array does not fit `geometry` and `dtype`.
        """
        geometry, dtype = self._geometry, self._dtype
        check_operand("input", input, geometry.input_shape, dtype)
        check_operand("weight", weight, geometry.weight_shape, dtype)
        output = result_array(out, geometry.output_shape, dtype, input, weight)
        if geometry.degenerate:
            output.fill(0)
        else:
            self._forward(direct(input), direct(weight), output)
        return output

    def grad_input(self, grad_output: Array, weight: Array, *, out: Array | None = None) -> Array:
        """Gradient of a scalar with respect to the input, given that for the output.

        Parameters
        ----------
        grad_output : ndarray of shape (N, K, *O)
            Read only.
        weight : ndarray of shape (K, C / groups, *R)
            The weight of `forward`; read only and not conjugated.
        out : ndarray of shape (N, C, *S), optional
            Overwritten with the result; C-contiguous, and no overlap with an operand.

        Returns
        -------
        ndarray of shape (N, C, *S)
            `out` if given.

        Raises
        ------
        ShapeError, DtypeError
            If an array does not fit `geometry` and `dtype`.
        """
        geometry, dtype = self._geometry, self._dtype
        check_operand("grad_output", grad_output, geometry.output_shape, dtype)
        check_operand("weight", weight, geometry.weight_shape, dtype)
        grad_input = result_array(out, geometry.input_shape, dtype, grad_output, weight)
        if geometry.degenerate:
            grad_input.fill(0)
        else:
            self._grad_input(direct(grad_output), direct(weight), grad_input)
        return grad_input

    def grad_weight(self, grad_output: Array, input: Array, *, out: Array | None = None) -> Array:
        """Gradient of a scalar with respect to the weight, given that for the output.

        Parameters
        ----------
        grad_output : ndarray of shape (N, K, *O)
            Read only.
        input : ndarray of shape (N, C, *S)
            The input of `forward`; read only and not conjugated.
        out : ndarray of shape (K, C / groups, *R), optional
            Overwritten with the result; C-contiguous, and no overlap with an operand.

        Returns
        -------
        ndarray of shape (K, C / groups, *R)
            `out` if given.

        Raises
        ------
        ShapeError, DtypeError
            If an array does not fit `geometry` and `dtype`.
        """
        geometry, dtype = self._geometry, self._dtype
        check_operand("grad_output", grad_output, geometry.output_shape, dtype)
        check_operand("input", input, geometry.input_shape, dtype)
        grad_weight = result_array(out, geometry.weight_shape, dtype, grad_output, input)
        if geometry.degenerate:
            grad_weight.fill(0)
        else:
            self._grad_weight(direct(grad_output), direct(input), grad_weight)
        return grad_weight

    @abstractmethod
    def _forward(self, input: Array, weight: Array, output: Array) -> None: ...

    @abstractmethod
    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None: ...

    @abstractmethod
    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None: ...

    def __repr__(self) -> str:
        shapes = f"{self._geometry.input_shape} * {self._geometry.weight_shape}"
        return f"<{type(self).__name__} '{self.name}' {shapes} {self._dtype}>"

    def __reduce__(self) -> tuple[Any, ...]:
        options = (self._geometry, self._dtype, self._threads, self._max_workspace)
        return _rebuild, (self._factory, *options)


def _rebuild(
    factory: Callable[..., Convolution],
    geometry: Geometry,
    dtype: np.dtype[Any],
    threads: int,
    max_workspace: int | None,
) -> Convolution:
    return factory(geometry, dtype, threads=threads, max_workspace=max_workspace)
