"""The three operations as loops over blocks and chunks: transform, multiply, transform back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from convcore.plugin import Array

from ._lanes import share
from ._lattice import Axis, Span, overlap
from ._memory import RUN
from ._plan import Block, Plan, Team
from ._sides import Chunk, Side, Slices, chunks, phases_of
from ._spectra import add_up, contract, inverse, spectrum


def correlate(
    plan: Plan, source: Side, weight: Array, target: Side, *, flip: bool, team: Team
) -> None:
    """Overlap-save: `target` becomes `source` slid over by `weight`, or by `weight` flipped.

    The sum runs over the channels of `source`. The spectra of a block of `weight` are computed
    once and meet all tiles; positions that no window reaches stay zero.
    """
    target.array.fill(0)
    for block in plan.blocks():
        _correlate_block(plan, source, weight, target, block, flip, team)


def _correlate_block(
    plan: Plan, source: Side, weight: Array, target: Side, block: Block, flip: bool, team: Team
) -> None:
    kernels = _weight_spectra(plan, weight, block, flip=flip, workers=team.most)
    summed = block.inputs if source.is_input else block.outputs

    def work(some: Iterator[Chunk]) -> None:
        buffer = source.buffer()
        for chunk in some:
            tiles = source.gather(block, chunk, buffer)
            results = _products(plan, _spectra(plan, tiles, team.workers), kernels)
            results = _inverse(plan, results, plan.wanted, team.workers)
            target.scatter(block, chunk, results, add=summed.start > 0)
            # Or it would still be there while the next chunk is transformed.
            del results

    share(work, chunks(plan), team.lanes)


def accumulate(plan: Plan, output: Side, input: Side, weight: Array, *, team: Team) -> None:
    """`weight` becomes the correlation of `input` with `output`, summed over the samples.

    The tiles are short pieces of the output with the input around them. Their spectra are added
    up, so that one inverse transform, of which only the taps are kept, serves all of them.
    """
    taps = tuple(plan.axes[axis].taps for axis in plan.transformed)
    for block in plan.blocks():
        total = _total(plan, output, input, block, team)
        _store_weight(plan, weight, block, _inverse(plan, total, taps, team.most))
        del total


def _total(plan: Plan, output: Side, input: Side, block: Block, team: Team) -> Array:
    """Sum over all chunks of the products of spectra, (group, output, input and phase, f).

    Chunks are transformed at once but added in order, whatever the number of lanes.
    """
    groups, outputs, inputs = (part.stop - part.start for part in block)
    shape = (groups, outputs, inputs * plan.phases, prod(plan.frequencies))
    total = _zeros(plan, shape)
    carry = _zeros(plan, shape) if plan.chunk_count > RUN else None
    buffers = [(output.buffer(), input.buffer()) for _ in range(team.lanes)]

    def work(places: Iterator[int]) -> None:
        for i in places:
            dy = output.gather(block, wave[i], buffers[i][0], whole=False)
            x = input.gather(block, wave[i], buffers[i][1])
            first, second = _spectra(plan, dy, team.workers, True), _spectra(plan, x, team.workers)
            pairs[i] = first.transpose(1, 2, 0, 3), second.swapaxes(0, 1)

    for wave in _in_waves(chunks(plan), team.lanes):
        pairs: list[Any] = [None] * len(wave)
        share(work, range(len(wave)), team.lanes)
        add_up(plan, pairs, total, carry, team.lanes)
        pairs.clear()
    return total


def _in_waves(some: Iterator[Chunk], lanes: int) -> Iterator[list[Chunk]]:
    """As many chunks at a time as there are lanes."""
    while wave := list(islice(some, lanes)):
        yield wave


def _inverse(plan: Plan, spectra: Array, wanted: tuple[int, ...], workers: int) -> Array:
    spectra = np.ascontiguousarray(spectra).reshape(*spectra.shape[:3], *plan.frequencies)
    return inverse(spectra, plan.lengths, wanted, workers, real=not plan.is_complex)


def _zeros(plan: Plan, shape: tuple[int, ...]) -> Array:
    ordered = [shape[axis] for axis in _order(plan)]
    return np.zeros(ordered, plan.spectrum_dtype).transpose(_back(plan))


def _order(plan: Plan) -> tuple[int, ...]:
    """Order of (group, row, column, frequency) in memory that suits the products."""
    return (0, 3, 1, 2) if plan.by_matmul else (0, 1, 2, 3)


def _back(plan: Plan) -> tuple[int, ...]:
    return (0, 2, 3, 1) if plan.by_matmul else (0, 1, 2, 3)


def _spectra(plan: Plan, tiles: Array, workers: int, reverse: bool = False) -> Array:
    """Spectra of a flattened stack or of a weight, with all frequencies on one axis."""
    spectra = spectrum(tiles, plan.lengths, workers, reverse=reverse)
    return spectra.reshape(*tiles.shape[:3], -1)


def _products(plan: Plan, spectra: Array, kernels: Array) -> Array:
    """Spectra of the results, (position, group, channel, frequency)."""
    shape = (*spectra.shape[:2], kernels.shape[2], spectra.shape[3])
    results = np.empty(shape, spectra.dtype)
    first, second = spectra.swapaxes(0, 1), results.swapaxes(0, 1)
    contract(plan, first, kernels, second)
    return results


def _weight_spectra(plan: Plan, weight: Array, block: Block, *, flip: bool, workers: int) -> Array:
    """Spectra of the reversed taps, (group, summed channel, other channel, frequency)."""
    taps = tuple(axis.taps for axis in plan.axes)
    part = _weight_part(plan, weight, block)
    stack = np.zeros((*part.shape[:3], plan.phases, *taps), part.dtype)
    face = stack[(..., *(slice(None, None, -1),) * len(taps))] if flip else stack
    for number, (near, far) in enumerate(_weight_slices(plan)):
        face[(slice(None), slice(None), slice(None), number, *far)] = part[(..., *near)]
    shape = (*part.shape[:2], part.shape[2] * plan.phases)
    tiles = stack.reshape(*shape, *(taps[axis] for axis in plan.transformed))
    spectra = _spectra(plan, tiles, workers, True)
    spectra = np.ascontiguousarray(spectra.transpose(_order(plan))).transpose(_back(plan))
    return spectra if flip else spectra.swapaxes(1, 2)


def _store_weight(plan: Plan, weight: Array, block: Block, taps: Array) -> None:
    """Put (group, output, input and phase, *transformed axes) where the taps belong."""
    part = _weight_part(plan, weight, block)
    shape = (*part.shape[:3], plan.phases, *(axis.taps for axis in plan.axes))
    stack = taps.reshape(shape)
    for number, (near, far) in enumerate(_weight_slices(plan)):
        part[(..., *near)] = stack[(slice(None), slice(None), slice(None), number, *far)]


def _weight_part(plan: Plan, weight: Array, block: Block) -> Array:
    """View (group, output, input, *taps) of what `block` touches."""
    shape = (plan.groups, plan.outputs, plan.inputs, *weight.shape[2:])
    return weight.reshape(shape)[tuple(block)]


def _weight_slices(plan: Plan) -> Iterator[tuple[Slices, Slices]]:
    """Where the taps of each combination of phases stand in the weight and in a stack."""
    for phase in phases_of(plan):
        axes = zip(plan.axes, phase, strict=True)
        pairs = (overlap(Axis.weight_grid, axis, Span(0, 0, axis.taps), v) for axis, v in axes)
        near, far = zip(*(pair for pair in pairs if pair), strict=True)
        yield near, far
