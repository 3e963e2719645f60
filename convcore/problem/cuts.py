"""One axis of a problem, cut: a range of it belongs to a smaller problem of the same kind.

Whoever works through a problem in parts, in slabs of a limited size or in the chunks of an array
that is larger than a machine, asks here what a range of outputs reads, and what reads a range of
inputs.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from .arguments import Pair

Geometry: TypeAlias = Any  # of geometry.py, which is built on this
Side: TypeAlias = Literal["output", "input"]


class Cut(NamedTuple):
    """Part of one spatial axis: its ranges of the input and of the output, and its own padding."""

    input: slice
    output: slice
    padding: Pair


def cut_axis(geometry: Geometry, axis: int, start: int, stop: int, side: Side) -> Cut:
    """The part that computes [start, stop) of the output, or of the input's gradient."""
    cut = _cut_input if side == "input" else _cut_output
    return cut(geometry, axis, start, stop)


def _cut_output(geometry: Geometry, axis: int, start: int, stop: int) -> Cut:
    """The input that the outputs [start, stop) read, and what of their windows is padding."""
    extent, (before, _) = geometry.input_extents[axis], geometry.padding[axis]
    low = start * geometry.stride[axis] - before
    high = (stop - 1) * geometry.stride[axis] - before + geometry.receptive_field[axis]
    first, last = max(low, 0), min(high, extent)
    outputs = slice(start, stop)
    if first >= last:  # the windows lie in the padding altogether
        return Cut(slice(0, 0), outputs, (high - low, 0))
    return Cut(slice(first, last), outputs, (first - low, high - last))


def _cut_input(geometry: Geometry, axis: int, start: int, stop: int) -> Cut:
    """The outputs that read any of the inputs [start, stop)."""
    stride, field = geometry.stride[axis], geometry.receptive_field[axis]
    pair, outputs = geometry.padding[axis], geometry.output_extents[axis]
    begin, extent = start + pair[0], stop - start
    # Output o reads the padded positions from o * stride on, receptive_field of them.
    first = max(0, -(-(begin - field + 1) // stride))
    last = min(outputs, (begin + extent - 1) // stride + 1)
    inputs = slice(start, stop)
    if first >= last and min(pair) < 0:  # the caller crops these positions
        return Cut(inputs, slice(0, 0), (-extent, 0))
    # A backend may refuse to crop: start from an output that ends before this range rather than
    # begin after it, and leave in what is too little for one output more.
    first = max(0, min(first, begin // stride, outputs - 1))
    low = begin - first * stride
    after = (last - first - 1) * stride + field - low - extent
    padding = (low, after if after >= 0 else -(-after // stride * stride))
    return Cut(inputs, slice(first, last), padding)
