"""A problem cut into slabs, each a smaller problem of which any backend can be asked.

A slab is a range of samples, or a range of rows of one sample where that alone is too large: of
output rows for `forward` and `grad_weight`, of input rows for `grad_input`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import NamedTuple, TypeAlias

from ..problem import Geometry, Operation

# Where a part of an array lies: a slice for each of its first axes.
Place: TypeAlias = tuple[slice, ...]


class Slab(NamedTuple):
    """Part of a problem: its geometry, and where it lies in the input and in the output."""

    geometry: Geometry
    input: Place
    output: Place


def slabs(geometry: Geometry, operation: Operation, elements: int) -> Iterator[Slab]:
    """Slabs whose input and output together hold at most `elements`; a single row may exceed it."""
    by_input = operation == "grad_input"
    total = (geometry.input_extents if by_input else geometry.output_extents)[0]
    samples, rows = _slab_extents(geometry, total, elements)
    for first in range(0, geometry.batch, samples):
        batch = slice(first, min(first + samples, geometry.batch))
        all_of_it = samples >= geometry.batch
        sample = geometry if all_of_it else replace(geometry, batch=batch.stop - first)
        if rows >= total:
            yield Slab(sample, (batch,), (batch,))
            continue
        for start in range(0, total, rows):
            yield rows_of(sample, operation, batch, start, min(start + rows, total))


def rows_of(sample: Geometry, operation: Operation, batch: slice, start: int, stop: int) -> Slab:
    """Slab of the rows [start, stop) of the samples `batch`: of the output, or of the gradient."""
    part = _input_rows if operation == "grad_input" else _output_rows
    return part(sample, batch, start, stop)


def _slab_extents(geometry: Geometry, total: int, elements: int) -> tuple[int, int]:
    """Samples and rows of a slab: as many samples as fit, else as many rows of one."""
    sample = max(1, prod(geometry.input_shape[1:]) + prod(geometry.output_shape[1:]))
    if sample <= elements:
        return elements // sample, total
    return 1, max(1, total * elements // sample)


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
