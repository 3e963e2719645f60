"""The definition, tap by tap, in wider arithmetic than what it judges.

Tap r of output o reads the input at o stride + r dilation - before. For one tap that is a slice of
the outputs and a slice of the inputs, of the same length; what lies outside the input is in
neither, so that no product with an implicit zero is formed, and NaN and Inf go where the definition
says.

    forward      y[n,k,o]  += w[k,c,r] x[n,c,i]
    grad_input   dx[n,c,i] += w[k,c,r] dy[n,k,o]
    grad_weight  dw[k,c,r] += x[n,c,i] dy[n,k,o]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from .problems import Axis, Problem

# What sums of a dtype are computed in. Products of float32 are exact in float64; those of float64
# lose 11 bits less in 80 than in 64 bits. Integers wrap modulo 2**64, and so modulo less.
WIDE = {
    "float16": np.float64,
    "bfloat16": np.float64,
    "float32": np.float64,
    "float64": np.longdouble,
    "complex64": np.complex128,
    "complex128": np.clongdouble,
}


def widened(array: np.ndarray) -> np.ndarray:
    """`array` in the arithmetic of the oracle."""
    return array.astype(WIDE.get(str(array.dtype), np.uint64))


Places = tuple[slice, slice]
_PRODUCTS = {
    "forward": "ngc...,gkc->ngk...",
    "grad_input": "ngk...,gkc->ngc...",
}


def convolve(problem: Problem, operation: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Result of an operation, in the arithmetic of its operands."""
    p = problem
    shapes = {"forward": p.output_shape, "grad_input": p.input_shape, "grad_weight": p.weight_shape}
    result = np.zeros(shapes[operation], first.dtype)
    if not p.products:  # NumPy's einsum writes out of bounds for some empty operands (2.4.6)
        return result
    with np.errstate(all="ignore"):
        if operation == "grad_weight":
            _add_to_weight(p, _grouped(p, first), _grouped(p, second), _weight(p, result))
        else:
            _add(p, operation, _grouped(p, first), _weight(p, second), _grouped(p, result))
    return result


def _add(p: Problem, operation: str, source: np.ndarray, w: np.ndarray, result: np.ndarray) -> None:
    for tap, outputs, inputs in _taps(p.axes):
        here, there = (outputs, inputs) if operation == "forward" else (inputs, outputs)
        products = np.einsum(_PRODUCTS[operation], source[(..., *there)], w[(..., *tap)])
        result[(..., *here)] += products


def _add_to_weight(p: Problem, dy: np.ndarray, x: np.ndarray, result: np.ndarray) -> None:
    for tap, outputs, inputs in _taps(p.axes):
        read = dy[(..., *outputs)], x[(..., *inputs)]
        flat = [array.reshape(*array.shape[:3], prod(array.shape[3:])) for array in read]
        result[(..., *tap)] = np.einsum("ngko,ngco->gkc", *flat)


def _weight(p: Problem, array: np.ndarray) -> np.ndarray:
    """A view (G, K / G, C / G, *R)."""
    return array.reshape(p.groups, p.outputs, p.inputs, *p.weight_shape[2:])


def _grouped(p: Problem, array: np.ndarray) -> np.ndarray:
    """A view (N, G, channels of a group, ...)."""
    channels = array.shape[1] // p.groups
    return array.reshape(array.shape[0], p.groups, channels, *array.shape[2:])


def _taps(axes: tuple[Axis, ...]) -> Iterator[tuple[Any, Any, Any]]:
    """Every tap that meets the input, with the outputs that read through it, and what they read."""
    found = [[(tap, *places) for tap in range(a.taps) if (places := _places(a, tap))] for a in axes]
    for combination in product(*found):
        yield tuple(zip(*combination, strict=True))


def _places(axis: Axis, tap: int) -> Places | None:
    """Outputs that read inside the input through `tap`, and the positions that they read."""
    offset = tap * axis.dilation - axis.before
    start = max(0, -(offset // axis.stride))
    stop = min(axis.outputs, (axis.extent - 1 - offset) // axis.stride + 1)
    if start >= stop:
        return None
    first, last = offset + start * axis.stride, offset + (stop - 1) * axis.stride
    return slice(start, stop), slice(first, last + 1, axis.stride)


def sources(mode: str, axis: Axis) -> np.ndarray:
    """For every position of an extended axis the one it is copied from, -1 for a constant."""
    low, high = max(0, -axis.before), axis.extent - max(0, -axis.after)
    size = high - low
    positions = np.arange(-max(0, axis.before), size + max(0, axis.after))
    if mode == "constant":
        found = np.where((positions >= 0) & (positions < size), positions, -1 - low)
    elif mode == "replicate":
        found = np.clip(positions, 0, size - 1)
    elif mode == "circular":
        found = positions % size
    elif mode == "symmetric":
        found = np.minimum(positions % (2 * size), 2 * size - 1 - positions % (2 * size))
    else:
        period = max(1, 2 * size - 2)
        found = np.minimum(positions % period, period - positions % period)
    return found + low


def extend(problem: Problem, modes: Sequence[str], input: np.ndarray, value: Any) -> np.ndarray:
    """Crop and extend `input`, each axis in its mode."""
    for number, (axis, mode) in enumerate(zip(problem.axes, modes, strict=True), start=2):
        places = sources(mode, axis)
        copied = np.take(input, np.maximum(places, 0), number, mode="clip") if axis.extent else None
        if copied is None:
            copied = np.zeros((*input.shape[:number], len(places), *input.shape[number + 1 :]))
            copied = copied.astype(input.dtype)
        copied[(slice(None),) * number + (places < 0,)] = value
        input = copied
    return input


def fold(problem: Problem, modes: Sequence[str], gradient: np.ndarray) -> np.ndarray:
    """Adjoint of `extend`."""
    for number, (axis, mode) in enumerate(zip(problem.axes, modes, strict=True), start=2):
        rows = np.moveaxis(gradient, number, 0)
        folded = np.zeros((axis.extent, *rows.shape[1:]), gradient.dtype)
        for row, place in zip(rows, sources(mode, axis), strict=True):
            if place >= 0:
                folded[place] += row
        gradient = np.moveaxis(folded, 0, number)
    return gradient
