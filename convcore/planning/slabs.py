"""A problem cut into slabs, each a smaller problem of which any backend can be asked.

A slab is a range of samples, or a range of rows of one sample where that alone is too large: of
output rows for `forward` and `grad_weight`, of input rows for `grad_input`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import NamedTuple, TypeAlias

from ..problem import Geometry, Operation, Role

# Input and output of a slab together: what a cache holds, and where more is worth while.
USUAL_BYTES, MOST_BYTES = 6 * 2**20, 128 * 2**20
# How often a slab is larger than what each slab reads anew, the weight and the rows of a halo.
WORTH = 8

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


def largest_slab(
    geometry: Geometry, operation: Operation, elements: int
) -> dict[Role, tuple[int, ...]]:
    """Shapes that no slab of these exceeds; of the input, the weight and the output."""
    inputs, outputs = geometry.input_extents[0], geometry.output_extents[0]
    field, stride = geometry.receptive_field[0], geometry.stride[0]
    by_input = operation == "grad_input"
    total = inputs if by_input else outputs
    samples, rows = _slab_extents(geometry, total, elements)
    if rows < total and by_input:  # a slab may begin with an output more than it needs
        inputs, outputs = rows, min(outputs, (rows + field - 2) // stride + 2)
    elif rows < total:
        inputs, outputs = min(inputs, (rows - 1) * stride + field), rows
    batch = min(samples, geometry.batch)
    return {
        "input": (batch, geometry.in_channels, inputs, *geometry.input_extents[1:]),
        "weight": geometry.weight_shape,
        "output": (batch, geometry.out_channels, outputs, *geometry.output_extents[1:]),
    }


def usual_bytes(geometry: Geometry, itemsize: int) -> int:
    """How large a slab is where nobody says so: input and output together, in bytes."""
    row = prod((geometry.in_channels, *geometry.input_extents[1:]))
    anew = max(prod(geometry.weight_shape), geometry.receptive_field[0] * row)
    return min(max(USUAL_BYTES, WORTH * anew * itemsize), MOST_BYTES)


def rows_of(sample: Geometry, operation: Operation, batch: slice, start: int, stop: int) -> Slab:
    """Slab of the rows [start, stop) of the samples `batch`: of the output, or of the gradient."""
    cut = sample.cut(0, start, stop, of="input" if operation == "grad_input" else "output")
    part = replace(
        sample,
        input_extents=(cut.input.stop - cut.input.start, *sample.input_extents[1:]),
        padding=(cut.padding, *sample.padding[1:]),
    )
    return Slab(part, (batch, slice(None), cut.input), (batch, slice(None), cut.output))


def _slab_extents(geometry: Geometry, total: int, elements: int) -> tuple[int, int]:
    """Samples and rows of a slab: as many samples as fit, else as many rows of one."""
    sample = max(1, prod(geometry.input_shape[1:]) + prod(geometry.output_shape[1:]))
    if sample <= elements:
        return elements // sample, total
    return 1, max(1, total * elements // sample)
