"""Transforms of stacks of tiles, and products of their spectra summed over channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from types import EllipsisType, ModuleType
from typing import Any, TypeAlias

import numpy as np

from convcore.plugin import FORK_GATE, Array

from ._cut import Cut
from ._memory import RUN, contraction_limit, few_frequencies, product_elements
from ._threads import share

# An index of the last axis.
Part: TypeAlias = tuple[EllipsisType, slice]

# Multiply-adds up to which OpenBLAS multiplies complex matrices and vectors on one thread.
SERIAL_MATRIX, SERIAL_VECTOR = 2**15, 2**12 - 1


@cache
def _fft() -> ModuleType:
    """scipy.fft, imported when the first transform is made and not before.

    Like the transforms inside the gate: a child would inherit a module that is half imported, and
    the parent's transforms lose their threads, which scipy.fft stops before a fork.
    """
    import scipy.fft

    return scipy.fft


def spectrum(
    tiles: Array, lengths: tuple[int, ...], workers: int, *, reverse: bool = False
) -> Array:
    """DFT over the last axes, filled up with zeros to `lengths`; complex `tiles` may be destroyed.

    With `reverse`, of the tile read backwards around its first element, which turns the circular
    convolution into a correlation: that is the transform with the other sign.
    """
    if not lengths:
        return tiles
    with FORK_GATE:
        return _spectrum(tiles, lengths, workers, reverse)


def _spectrum(tiles: Array, lengths: tuple[int, ...], workers: int, reverse: bool) -> Array:
    fft, axes = _fft(), list(range(-len(lengths), 0))
    options: dict[str, Any] = {"workers": workers}
    if reverse:
        # The inverse transform, without its factor.
        options["norm"] = "forward"
    if tiles.dtype.kind == "f":
        transform = fft.ihfft if reverse else fft.rfft
        tiles = transform(tiles, lengths[-1], axis=axes.pop(), **options)
    transform = fft.ifft if reverse else fft.fft
    for axis in reversed(axes):
        tiles = transform(tiles, lengths[axis], axis=axis, overwrite_x=True, **options)
    return tiles


def inverse(
    spectra: Array, lengths: tuple[int, ...], results: tuple[int, ...], workers: int, *, real: bool
) -> Array:
    """First `results` elements of the inverse DFT over the last axes; destroys `spectra`.

    Rows that do not hold results are dropped as soon as their axis is done.
    """
    if not lengths:
        return spectra
    with FORK_GATE:
        return _inverse(spectra, lengths, results, workers, real)


def _inverse(
    spectra: Array, lengths: tuple[int, ...], results: tuple[int, ...], workers: int, real: bool
) -> Array:
    fft = _fft()
    for axis in range(-len(lengths), -1 if real else 0):
        spectra = fft.ifft(spectra, axis=axis, overwrite_x=True, workers=workers)
        spectra = spectra[(..., slice(results[axis]), *(slice(None),) * (-1 - axis))]
    if real:
        spectra = fft.irfft(spectra, lengths[-1], axis=-1, workers=workers)
    return spectra[..., : results[-1]]


def contract(cut: Cut, first: Array, second: Array, result: Array) -> None:
    """result[g,i,j,f] = sum over l of first[g,i,l,f] * second[g,l,j,f].

    Runs over blocks of frequencies that stay in the cache: one matrix product per frequency, or
    products of whole arrays where the channels are too few for that to pay.
    """
    for part in _parts(cut, first, result):
        if cut.by_matmul:
            result[part] = _by_matmul(first[part], second[part])
        else:
            _element_sum(first[part], second[part], result[part])


def add_up(
    cut: Cut, pairs: Sequence[tuple[Array, Array]], total: Array, carry: Array | None, threads: int
) -> None:
    """Add the contraction of each of `pairs` to `total`, always in this order.

    With `carry`, what rounding loses is kept in there.
    """
    multiply = _by_matmul if cut.by_matmul else _by_elements

    def work(parts: Iterator[Part]) -> None:
        for part in parts:
            for first, second in pairs:
                product = multiply(first[part], second[part])
                if carry is None:
                    np.add(total[part], product, out=total[part])
                else:
                    _add(total[part], carry[part], product)

    share(work, _parts(cut, pairs[0][0], total), threads)


def _parts(cut: Cut, first: Array, result: Array) -> Iterator[Part]:
    """Indices of blocks of frequencies, as many at a time as the workspace takes."""
    (groups, rows, inner), columns = first.shape[:3], result.shape[2]
    each = groups * product_elements(cut.by_matmul, rows, inner, columns) * result.itemsize
    step = max(few_frequencies(cut.by_matmul), contraction_limit(cut.dense) // each)
    for begin in range(0, result.shape[-1], step):
        yield (..., slice(begin, begin + step))


def _by_matmul(first: Array, second: Array) -> Array:
    matrices = (_matrices(spectra.transpose(0, 3, 1, 2)) for spectra in (first, second))
    return _matrix_sum(*matrices).transpose(0, 2, 3, 1)


def _matrices(spectra: Array) -> Array:
    """`spectra`, (group, frequency, row, column), in a form that BLAS takes."""
    return spectra if spectra.itemsize in spectra.strides[-2:] else np.ascontiguousarray(spectra)


def _matrix_sum(first: Array, second: Array) -> Array:
    """Matrix products whose long sums are split in halves, so that errors add up as the log."""
    half = first.shape[-1] // 2
    if 2 * half <= RUN:
        shape = (*first.shape[:-1], second.shape[-1])
        return _matrix_product(first, second, np.empty(shape, first.dtype))
    total = _matrix_sum(first[..., :half], second[..., :half, :])
    total += _matrix_sum(first[..., half:], second[..., half:, :])
    return total


def _matrix_product(first: Array, second: Array, result: Array) -> Array:
    """Matrix products so small that BLAS starts no threads, which would cost more than they do."""
    (rows, columns), inner = result.shape[-2:], first.shape[-1]
    limit = SERIAL_VECTOR if min(rows, columns) == 1 else SERIAL_MATRIX
    if result.dtype.kind != "c" or rows * inner * columns <= limit or rows == columns == 1:
        return np.matmul(first, second, out=result)
    if rows > columns:
        for part in _halves(rows):
            _matrix_product(first[..., part, :], second, result[..., part, :])
    else:
        for part in _halves(columns):
            _matrix_product(first, second[..., part], result[..., part])
    return result


def _halves(length: int) -> tuple[slice, slice]:
    return slice(0, length // 2), slice(length // 2, length)


def _by_elements(first: Array, second: Array) -> Array:
    shape = (*first.shape[:2], *second.shape[2:])
    return _element_sum(first, second, np.empty(shape, first.dtype))


def _element_sum(first: Array, second: Array, total: Array) -> Array:
    """Products channel by channel, with long sums split in halves."""
    half = first.shape[2] // 2
    if 2 * half > RUN:
        _element_sum(first[:, :, :half], second[:, :half], total)
        total += _element_sum(first[:, :, half:], second[:, half:], np.empty_like(total))
        return total
    product = None
    for channel in range(first.shape[2]):
        left, right = first[:, :, channel, None], second[:, channel, None]
        if channel:
            product = np.multiply(left, right, out=product)
            total += product
        else:
            np.multiply(left, right, out=total)
    return total


def _add(total: Array, carry: Array, part: Array) -> None:
    """Compensated total += part [Higham, algorithm 4.2]; destroys `part`."""
    part -= carry
    grown = total + part
    np.subtract(grown, total, out=carry)
    carry -= part
    total[...] = grown
