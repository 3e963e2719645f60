"""float16: widened to float32 slab by slab, computed there, and rounded once.

A slab is a range of samples, or a range of rows of one sample where that alone is too large: of
output rows for `forward` and `grad_weight`, of input rows for `grad_input`. What it computes is a
smaller convolution problem, so any backend can run it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod
from typing import NamedTuple

import numpy as np

from ..contract import FLOAT16, Array, Convolution
from ..problem import Geometry

WIDE = np.dtype("float32")
DEFAULT_BYTES = 32 * 2**20

Choose = Callable[[Geometry], Convolution]


class Slab(NamedTuple):
    """Part of a problem: its geometry, and where it lies in the input and in the output."""

    geometry: Geometry
    input: tuple[slice, ...]
    output: tuple[slice, ...]


class Widened:
    """Computes the three operations on float16 arrays through float32 plans.

    Parameters
    ----------
    geometry : Geometry
        The problem.
    choose : callable
        Gives the float32 plan for the geometry of a slab.
    max_bytes : int, optional
        Widened input and output of a slab to stay under; a single row may exceed it.
    """

    def __init__(self, geometry: Geometry, choose: Choose, max_bytes: int | None = None) -> None:
        self.geometry = geometry
        self._choose = choose
        self._max_bytes = DEFAULT_BYTES if max_bytes is None else max_bytes

    def forward(self, input: Array, weight: Array, bias: Array | None, out: Array | None) -> Array:
        """Convolution of `input` with `weight`, plus `bias`."""
        out = self._result(out, self.geometry.output_shape)
        weight = weight.astype(WIDE)
        for slab in self._slabs(by_input=False):
            plan = self._choose(slab.geometry)
            wide = plan.forward(input[slab.input].astype(WIDE), weight)
            _round(wide if bias is None else add_bias(wide, bias), out[slab.output])
        return out

    def grad_input(
        self, grad_output: Array, weight: Array, bias: Array | None, out: Array | None
    ) -> Array:
        """Gradient with respect to the input, plus `bias`; `out` may be float32."""
        out = self._result(out, self.geometry.input_shape)
        weight = weight.astype(WIDE)
        for slab in self._slabs(by_input=True):
            plan = self._choose(slab.geometry)
            wide = plan.grad_input(grad_output[slab.output].astype(WIDE), weight)
            _round(wide if bias is None else add_bias(wide, bias), out[slab.input])
        return out

    def grad_weight(self, grad_output: Array, input: Array, out: Array | None) -> Array:
        """Gradient with respect to the weight, summed over the slabs in float32."""
        out = self._result(out, self.geometry.weight_shape)
        total = np.zeros(self.geometry.weight_shape, WIDE)
        for slab in self._slabs(by_input=False):
            plan = self._choose(slab.geometry)
            wide = input[slab.input].astype(WIDE)
            total += plan.grad_weight(grad_output[slab.output].astype(WIDE), wide)
        _round(total, out)
        return out

    def _result(self, out: Array | None, shape: tuple[int, ...]) -> Array:
        return np.empty(shape, FLOAT16) if out is None else out

    def _slabs(self, *, by_input: bool) -> Iterator[Slab]:
        geometry = self.geometry
        total = (geometry.input_extents if by_input else geometry.output_extents)[0]
        samples, rows = self._slab_extents(total)
        part = _input_rows if by_input else _output_rows
        for first in range(0, geometry.batch, samples):
            batch = slice(first, min(first + samples, geometry.batch))
            sample = replace(geometry, batch=batch.stop - first)
            if rows >= total:
                yield Slab(sample, (batch,), (batch,))
                continue
            for start in range(0, total, rows):
                yield part(sample, batch, start, min(start + rows, total))

    def _slab_extents(self, total: int) -> tuple[int, int]:
        """Samples and rows of a slab: as many samples as fit, else as many rows of one."""
        volumes = prod(self.geometry.input_shape[1:]), prod(self.geometry.output_shape[1:])
        sample = WIDE.itemsize * max(1, sum(volumes))
        if sample <= self._max_bytes:
            return self._max_bytes // sample, total
        return 1, max(1, total * self._max_bytes // sample)


def _output_rows(geometry: Geometry, batch: slice, start: int, stop: int) -> Slab:
    """Slab that computes the output rows [start, stop)."""
    extent, (before, _) = geometry.input_extents[0], geometry.padding[0]
    low = start * geometry.stride[0] - before
    high = (stop - 1) * geometry.stride[0] - before + geometry.receptive_field[0]
    first, last = max(low, 0), min(high, extent)
    if first >= last:  # the windows lie in the padding altogether
        rows, padding = slice(0, 0), (high - low, 0)
    else:
        rows, padding = slice(first, last), (first - low, high - last)
    part = _with_rows(geometry, rows.stop - rows.start, padding)
    return Slab(part, (batch, slice(None), rows), (batch, slice(None), slice(start, stop)))


def _input_rows(geometry: Geometry, batch: slice, start: int, stop: int) -> Slab:
    """Slab that computes the gradient of the input rows [start, stop)."""
    stride, field = geometry.stride[0], geometry.receptive_field[0]
    pair, outputs = geometry.padding[0], geometry.output_extents[0]
    begin, rows = start + pair[0], stop - start
    # Output row o reads the padded rows from o * stride on, receptive_field of them.
    first = max(0, -(-(begin - field + 1) // stride))
    last = min(outputs, (begin + rows - 1) // stride + 1)
    if first >= last and min(pair) < 0:  # the caller crops these rows
        first, last, padding = 0, 0, (-rows, 0)
    else:
        # A backend may refuse to crop: start from an output row that ends before these rows
        # rather than begin after them, and leave in what is too little for one output row more.
        first = max(0, min(first, begin // stride, outputs - 1))
        low = begin - first * stride
        after = (last - first - 1) * stride + field - low - rows
        padding = (low, after if after >= 0 else -(-after // stride * stride))
    part = _with_rows(geometry, rows, padding)
    own = (batch, slice(None), slice(start, stop))
    return Slab(part, own, (batch, slice(None), slice(first, last)))


def _with_rows(geometry: Geometry, extent: int, padding: tuple[int, int]) -> Geometry:
    return replace(
        geometry,
        input_extents=(extent, *geometry.input_extents[1:]),
        padding=(padding, *geometry.padding[1:]),
    )


def _round(wide: Array, out: Array) -> None:
    """Copy to a narrower dtype; what is too large becomes infinite, without a warning."""
    with np.errstate(over="ignore", invalid="ignore"):
        out[...] = wide


def add_bias(output: Array, bias: Array) -> Array:
    """`output` (N, K, *O) with `bias` (K,) added to it in place."""
    with np.errstate(over="ignore", invalid="ignore"):
        output += bias.reshape(-1, *(1,) * (output.ndim - 2))
    return output
