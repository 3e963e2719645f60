"""Time, workspace and error of one operation on one backend.

The reference is the same operation in float64 by way of discrete Fourier transforms. Its extents
are those of the padded input, P: with x of that size, the circular sum over x[o + r] never wraps
for an output o, so that the three operations are one line each (`evaluate`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..plugin import Array, Convolution, Declaration, Geometry, Operation
from ..problem import OPERANDS
from ..testing import unit_bound
from .problems import Filtering

# Seconds after which a call is not repeated for a better time.
_ENOUGH = 0.2
# The reference is itself rounded: allow it this many units of float64's eps.
_REFERENCE_UNITS = 100


@dataclass(frozen=True)
class Measurement:
    """One operation on one backend; `error` is in units of the backend's own bound."""

    problem: str
    backend: str
    operation: Operation
    seconds: float
    flop: int
    workspace: int
    error: float


class Case:
    """One operation of a problem: operands, reference, and what bounds are made of."""

    def __init__(self, problem: Filtering, operation: Operation, grad_output: Array) -> None:
        self.problem, self.operation = problem, operation
        arrays = {"input": problem.input, "weight": problem.weight, "grad_output": grad_output}
        first, second = OPERANDS[operation]
        self.operands = arrays[first], arrays[second]
        self.reference = evaluate(problem.geometry, operation, *self.operands)
        self.magnitude = evaluate(problem.geometry, operation, *map(np.abs, self.operands))

    def measure(self, name: str, plan: Convolution) -> Measurement:
        """Run the plan, time it and hold its result against the reference."""
        call = getattr(plan, self.operation)
        result, best = _timed(lambda: call(*self.operands))
        error = np.abs(result - self.reference) / self.bound(plan.declaration)
        return Measurement(
            problem=self.problem.title,
            backend=name,
            operation=self.operation,
            seconds=best,
            flop=self.problem.geometry.flop,
            workspace=plan.workspace_bytes(self.operation),
            error=float(error.max()),
        )

    def bound(self, declaration: Declaration) -> Array:
        """Largest error that the declaration allows, for each element of the result."""
        geometry = self.problem.geometry
        noise = _REFERENCE_UNITS * np.finfo(np.float64).eps * self.magnitude.max()
        if declaration.numerics == "normwise":
            unit = unit_bound("normwise", geometry, self.operation, *self.operands)
            allowed = declaration.bound * unit
        else:
            terms = geometry.accumulation_length(self.operation) + 2
            eps = float(np.finfo(self.problem.input.dtype).eps)
            allowed = declaration.bound * terms * eps * np.maximum(self.magnitude, 0)
        return np.asarray(allowed + noise)


def evaluate(geometry: Geometry, operation: Operation, first: Array, second: Array) -> Array:
    """Result of an operation of stride 1, dilation 1 and one group, in float64."""
    extents = geometry.padded_extents
    axes = tuple(range(2, 2 + len(extents)))

    def spectrum(name: str, array: Array) -> Array:
        wide = _padded(array, geometry) if name == "input" else array
        return np.fft.rfftn(wide.astype(np.float64), extents, axes)

    names = OPERANDS[operation]
    product = _product(operation, spectrum(names[0], first), spectrum(names[1], second))
    whole = np.fft.irfftn(product, extents, axes)
    return _cut(whole, geometry, operation)


def _product(operation: Operation, first: Array, second: Array) -> Array:
    """Sum over channels or samples, per frequency; a conjugate turns a convolution round."""
    product: Array
    if operation == "forward":
        product = np.einsum("nc...,kc...->nk...", first, second.conj())
    elif operation == "grad_input":
        product = np.einsum("nk...,kc...->nc...", first, second)
    else:
        product = np.einsum("nk...,nc...->kc...", first.conj(), second)
    return product


def _padded(array: Array, geometry: Geometry) -> Array:
    return np.pad(array, ((0, 0), (0, 0), *geometry.padding))


def _cut(whole: Array, geometry: Geometry, operation: Operation) -> Array:
    """Take the part of the padded extents that belongs to the result."""
    extents = geometry.result_shape(operation)[2:]
    starts = [before if operation == "grad_input" else 0 for before, _ in geometry.padding]
    pairs = zip(starts, extents, strict=True)
    inside: Any = (..., *(slice(start, start + extent) for start, extent in pairs))
    part: Array = whole[inside]
    return part


def _timed(call: Callable[[], Array]) -> tuple[Array, float]:
    """Result of a call and the best of its times; a slow call is made only once."""
    times: list[float] = []
    while sum(times) < _ENOUGH:
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return result, min(times)
