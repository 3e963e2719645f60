"""The three operations as loops over blocks and chunks: transform, multiply, transform back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from convcore.plugin import Array

from ._choice import Team
from ._cut import Block, Cut
from ._lattice import Axis, Span, overlap
from ._memory import RUN
from ._spectra import add_up, contract, inverse, spectrum
from ._stacks import Chunk, Side, Slices, chunks, phases_of
from ._threads import share


def correlate(
    cut: Cut, source: Side, weight: Array, target: Side, *, flip: bool, team: Team
) -> None:
    """Overlap-save: `target` becomes `source` slid over by `weight`, or by `weight` flipped.

    The sum runs over the channels of `source`. The spectra of a block of `weight` are computed
    once and meet all tiles; positions that no window reaches stay zero.
    """
    target.array.fill(0)
    for block in cut.blocks():
        _correlate_block(cut, source, weight, target, block, flip, team)


def _correlate_block(
    cut: Cut, source: Side, weight: Array, target: Side, block: Block, flip: bool, team: Team
) -> None:
    kernels = _weight_spectra(cut, weight, block, flip=flip, workers=team.threads)
    summed = block.group_in_channels if source.is_input else block.group_out_channels

    def work(given: Iterator[Chunk]) -> None:
        buffer = source.buffer()
        for chunk in given:
            tiles = source.gather(block, chunk, buffer)
            results = _products(cut, _spectra(cut, tiles, team.workers), kernels)
            results = _inverse(cut, results, cut.wanted, team.workers)
            target.scatter(block, chunk, results, add=summed.start > 0)
            # Freed here, it does not take memory while the next chunk is transformed.
            del results

    share(work, chunks(cut), team.at_once)


def accumulate(cut: Cut, output: Side, input: Side, weight: Array, *, team: Team) -> None:
    """`weight` becomes the correlation of `input` with `output`, summed over the samples.

    The tiles are short pieces of the output with the input around them. Their spectra are added
    up, so that one inverse transform, of which only the taps are kept, serves all of them.
    """
    taps = tuple(cut.dense.axes[axis].taps for axis in cut.dense.transformed)
    for block in cut.blocks():
        total = _total(cut, output, input, block, team)
        _store_weight(cut, weight, block, _inverse(cut, total, taps, team.threads))
        del total


def _total(cut: Cut, output: Side, input: Side, block: Block, team: Team) -> Array:
    """Sum over all chunks of the products of spectra, (group, output, input and phase, f).

    Chunks are transformed at once but added in order, however many are.
    """
    groups, outputs, inputs = (part.stop - part.start for part in block)
    shape = (groups, outputs, inputs * cut.dense.phases, prod(cut.frequencies))
    total = _zeros(cut, shape)
    carry = _zeros(cut, shape) if cut.chunk_count > RUN else None
    buffers = [(output.buffer(), input.buffer()) for _ in range(team.at_once)]

    def work(places: Iterator[int]) -> None:
        for i in places:
            dy = output.gather(block, wave[i], buffers[i][0], whole=False)
            x = input.gather(block, wave[i], buffers[i][1])
            first, second = _spectra(cut, dy, team.workers, True), _spectra(cut, x, team.workers)
            pairs[i] = first.transpose(1, 2, 0, 3), second.swapaxes(0, 1)

    for wave in _in_waves(chunks(cut), team.at_once):
        pairs: list[Any] = [None] * len(wave)
        share(work, range(len(wave)), team.at_once)
        add_up(cut, pairs, total, carry, team.at_once)
        pairs.clear()
    return total


def _in_waves(all_chunks: Iterator[Chunk], at_once: int) -> Iterator[list[Chunk]]:
    """As many chunks at a time as are worked on at once."""
    while wave := list(islice(all_chunks, at_once)):
        yield wave


def _inverse(cut: Cut, spectra: Array, wanted: tuple[int, ...], workers: int) -> Array:
    spectra = np.ascontiguousarray(spectra).reshape(*spectra.shape[:3], *cut.frequencies)
    return inverse(spectra, cut.lengths, wanted, workers, real=not cut.dense.is_complex)


def _zeros(cut: Cut, shape: tuple[int, ...]) -> Array:
    ordered = [shape[axis] for axis in _order(cut)]
    return np.zeros(ordered, cut.dense.spectrum_dtype).transpose(_back(cut))


def _order(cut: Cut) -> tuple[int, ...]:
    """Order of (group, row, column, frequency) in memory that suits the products."""
    return (0, 3, 1, 2) if cut.by_matmul else (0, 1, 2, 3)


def _back(cut: Cut) -> tuple[int, ...]:
    return (0, 2, 3, 1) if cut.by_matmul else (0, 1, 2, 3)


def _spectra(cut: Cut, tiles: Array, workers: int, reverse: bool = False) -> Array:
    """Spectra of a flattened stack or of a weight, with all frequencies on one axis."""
    spectra = spectrum(tiles, cut.lengths, workers, reverse=reverse)
    return spectra.reshape(*tiles.shape[:3], -1)


def _products(cut: Cut, spectra: Array, kernels: Array) -> Array:
    """Spectra of the results, (position, group, channel, frequency)."""
    shape = (*spectra.shape[:2], kernels.shape[2], spectra.shape[3])
    results = np.empty(shape, spectra.dtype)
    first, second = spectra.swapaxes(0, 1), results.swapaxes(0, 1)
    contract(cut, first, kernels, second)
    return results


def _weight_spectra(cut: Cut, weight: Array, block: Block, *, flip: bool, workers: int) -> Array:
    """Spectra of the reversed taps, (group, summed channel, other channel, frequency)."""
    taps = tuple(axis.taps for axis in cut.dense.axes)
    part = _weight_part(cut, weight, block)
    stack = np.zeros((*part.shape[:3], cut.dense.phases, *taps), part.dtype)
    face = stack[(..., *(slice(None, None, -1),) * len(taps))] if flip else stack
    for number, (near, far) in enumerate(_weight_slices(cut)):
        face[(slice(None), slice(None), slice(None), number, *far)] = part[(..., *near)]
    shape = (*part.shape[:2], part.shape[2] * cut.dense.phases)
    tiles = stack.reshape(*shape, *(taps[axis] for axis in cut.dense.transformed))
    spectra = _spectra(cut, tiles, workers, True)
    spectra = np.ascontiguousarray(spectra.transpose(_order(cut))).transpose(_back(cut))
    return spectra if flip else spectra.swapaxes(1, 2)


def _store_weight(cut: Cut, weight: Array, block: Block, taps: Array) -> None:
    """Put (group, output, input and phase, *transformed axes) where the taps belong."""
    part = _weight_part(cut, weight, block)
    shape = (*part.shape[:3], cut.dense.phases, *(axis.taps for axis in cut.dense.axes))
    stack = taps.reshape(shape)
    for number, (near, far) in enumerate(_weight_slices(cut)):
        part[(..., *near)] = stack[(slice(None), slice(None), slice(None), number, *far)]


def _weight_part(cut: Cut, weight: Array, block: Block) -> Array:
    """View (group, output, input, *taps) of what `block` touches."""
    grouped = weight.reshape(cut.dense.groups, -1, *weight.shape[1:])
    return grouped[tuple(block)]


def _weight_slices(cut: Cut) -> Iterator[tuple[Slices, Slices]]:
    """Where the taps of each combination of phases stand in the weight and in a stack."""
    for phase in phases_of(cut):
        axes = zip(cut.dense.axes, phase, strict=True)
        pairs = (overlap(Axis.weight_grid, axis, Span(0, 0, axis.taps), v) for axis, v in axes)
        near, far = zip(*(pair for pair in pairs if pair), strict=True)
        yield near, far
