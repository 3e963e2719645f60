"""Convolution as the sum that it is, and its two gradients, in plain loops.

**One dimension, one channel.** A layer of a network slides a weight w of R taps along an input x:

    y[n] = f(x, w)[n] = sum over m of  w[m] x[n + m],      0 <= m < R,   0 <= n <= S - R.

Output n looks at the window x[n], ..., x[n + R - 1]; nothing is flipped. (Signal processing calls
this a cross-correlation and keeps the name convolution for sum w[m] x[n - m].)

**The gradients.** Let L be a number computed from y, for example a loss, and let dy[n] stand for
dL/dy[n], which the layer above hands down. The chain rule goes through every y[n]:

    dL/dw[m] = sum over n of  dy[n]  d y[n] / d w[m] = sum over n of  dy[n] x[n + m],

with 0 <= n <= S - R: every output reads tap m exactly once. This is a sliding product again, of x
with dy as its weight. For the input, y[n] contains x[s] where n + m = s, in the term of tap
m = s - n, so

    dL/dx[s] = sum over n of  dy[n]  d y[n] / d x[s] = sum over n of  dy[n] w[s - n]
             = sum over m of  w[m] dy[s - m].

The bounds follow from both indices: 0 <= m < R and 0 <= s - m <= S - R. At the ends of x fewer
terms are left, since x[0] is read by y[0] alone.

**Why that is a true convolution.** The index of dy *falls* as m rises: what tap m carried from
s = n + m forward to n, it carries back from n = s - m. Read forward, with j = R - 1 - m, it is

    dL/dx[s] = sum over j of  w[R - 1 - j]  dy[s - (R - 1) + j],

the sliding product of the flipped weight with dy, once R - 1 zeros are put at both ends of dy
("full" padding). So backpropagation through the unflipped product is the flipped one, and the
other way round. As matrices: f(., w) is a band matrix with w along its rows, the gradient applies
its transpose, and the columns of that band hold w from bottom to top.

**The general case.** With several axes n, m and s are tuples. A stride, a dilation and a padding
of p zeros before the input say where tap r of output o reads: position o * stride + r * dilation
- p on each axis. Positions outside the input hold nothing, and their products are left out.
Channels add one sum: output channel k meets the C / G input channels of its group. All three
operations go through the same products

    w[k, c, r]   x[n, c, o * stride + r * dilation - p]   y[n, k, o]

and each leaves out one factor, to which it adds the product of the other two:

    forward       y[n, k, o] += w x         the derivative by y
    grad_input    x[n, c, ...] += w dy      the derivative by x
    grad_weight   w[k, c, r] += dy x        the derivative by w

That is the whole backend: `_loops.pyx` visits every (n, k, c, r, o) once. For each axis and tap it
computes which outputs read inside the input, so that no position is tested, and recurses to the
next axis; the innermost loop runs along the outputs of the last axis, which lie side by side.
Sums are kept in the dtype of the operands, which is what the error bound asks for; integers wrap.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any

import numpy as np

from convcore.plugin import (
    FLOAT_NAMES,
    INTEGER_NAMES,
    Array,
    BackendLoadError,
    Convolution,
    Declaration,
    Geometry,
    Operation,
    derived,
)

try:
    import convcore_naive._loops as _loops
except ImportError as error:
    raise BackendLoadError(
        "convcore_naive: the compiled module convcore_naive._loops must be built; got "
        f"{error}; install a C compiler and reinstall convcore"
    ) from error

__all__ = ["NaiveConvolution"]

# FLOP per second in long rows, and what a row costs besides: from 3x3 layers with 56x56 and with
# 7x7 outputs, all three operations, on one core of an AMD EPYC (Zen 3), gcc 12 -O3, 2026-11-23.
RATES = dict(zip(map(np.dtype, FLOAT_NAMES), (4e9, 2.5e9, 1e9, 1e9), strict=True))
INTEGER_RATE = 4e9
ROW_SECONDS = 12e-9
CALL_SECONDS = 20e-6


class NaiveConvolution(Convolution):
    """The definition in literal loops; refuses nothing, needs no memory, uses one thread."""

    name = "naive"
    declaration = Declaration(
        dtypes=FLOAT_NAMES + INTEGER_NAMES,
        deterministic="any_threads",
        description="the definition in literal loops, for every rank and dtype",
    )

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float:
        """Seconds on one thread: the products at the rate of the dtype, and the rows."""
        products = geometry.flop / RATES.get(np.dtype(dtype), INTEGER_RATE)
        rows = geometry.flop // 2 // max(1, geometry.output_extents[-1])
        return CALL_SECONDS + products + ROW_SECONDS * rows

    @derived
    def _tables(self) -> tuple[Array, Array]:
        return channel_table(self.geometry), axis_table(self.geometry)

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        self._add(_loops.forward, input, weight, output)

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        self._add(_loops.grad_input, grad_output, weight, grad_input)

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        self._add(_loops.grad_weight, grad_output, input, grad_weight)

    def _add(self, loops: Callable[..., None], first: Array, second: Array, result: Array) -> None:
        """Run `loops` on flat arrays, with the result starting from zero."""
        result.fill(0)
        loops(flat(first), flat(second), flat(result), *self._tables)


def flat(array: Array) -> Array:
    """`array` in one dimension; integers as unsigned ones, whose overflow C defines."""
    line = array.reshape(-1)
    return line.view(f"u{line.itemsize}") if line.dtype.kind == "i" else line


def channel_table(geometry: Geometry) -> Array:
    """The struct Channels of `_loops`: counts of samples and channels, elements of one channel."""
    channels = (geometry.groups, geometry.group_in_channels, geometry.group_out_channels)
    extents = (geometry.input_extents, geometry.kernel_extents, geometry.output_extents)
    return np.array((geometry.batch, *channels, *map(prod, extents)), np.int64)


def axis_table(geometry: Geometry) -> Array:
    """One struct Axis of `_loops` per spatial axis: extents, steps, pitches.

    A stride with one output and a dilation with one tap are never multiplied by anything but 0.
    They become 1, so that no position can overflow, however large they are.
    """
    inputs, taps, outputs = geometry.input_extents, geometry.kernel_extents, geometry.output_extents
    stride = [s if o > 1 else 1 for s, o in zip(geometry.stride, outputs, strict=True)]
    dilation = [d if r > 1 else 1 for d, r in zip(geometry.dilation, taps, strict=True)]
    before = [pair[0] for pair in geometry.padding]
    columns = (inputs, taps, outputs, stride, dilation, before)
    return np.array((*columns, *map(pitches, (inputs, taps, outputs))), np.int64).T.copy()


def pitches(extents: tuple[int, ...]) -> list[int]:
    """Elements between neighbours along each axis of a C-contiguous array."""
    return list(accumulate(extents[:0:-1], mul, initial=1))[::-1]
