"""Seeded operands of each kind that the checks need; the global random state is never touched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np

from ...plugin import Array, Geometry, Operation

# Exponents of the scaled data: products stay far from overflow and underflow in float32 too.
_SPREAD = 12


def operands(
    kind: str, geometry: Geometry, dtype: Any, operation: Operation, *, seed: int = 0
) -> tuple[Array, Array]:
    """Two new operands of `operation`; the same arguments give the same data everywhere.

    Parameters
    ----------
    kind : {"integers", "skewed", "random", "scaled", "normal", "half"}
        "integers": whole numbers so small that every partial sum is exact, whatever the order, in
        both operands alike; "skewed": the same, with nearly all digits in one operand; for an
        integer dtype both mean its full range. "random": uniform in [-1, 1], with as many digits
        as let products be exact in float64; "scaled": the same, spread over 24 powers of two;
        "normal": standard normal, with as few digits as let their sums be exact in float64 too.
        "half", for an integer dtype only: half its bits less two, so that few sums wrap.
    geometry : Geometry
        The problem.
    dtype : str or numpy.dtype
        Dtype of the operands.
    operation : {"forward", "grad_input", "grad_weight"}
        The operation that takes them.
    seed : int
        Another number for other data.

    Returns
    -------
    tuple of two ndarrays
        C-contiguous and writeable.
    """
    dtype = np.dtype(dtype)
    generator = generator_for(kind, geometry, dtype, operation, seed)
    shapes = geometry.operand_shapes(operation)
    if dtype.kind in "iu":
        return _wrapping(generator, shapes, dtype, dtype.itemsize * 4 + 2 if kind == "half" else 0)
    return _KINDS[kind](generator, shapes, dtype, geometry.accumulation_length(operation))


def generator_for(*key: object) -> np.random.Generator:
    """A random generator that depends on nothing but `key`, in every process alike."""
    return np.random.default_rng(crc32(repr(key).encode()))


_Pair = tuple[Array, Array]
_Shapes = tuple[tuple[int, ...], tuple[int, ...]]


def _wrapping(
    generator: np.random.Generator, shapes: _Shapes, dtype: np.dtype[Any], unused_bits: int
) -> _Pair:
    low, high = (int(limit) >> unused_bits for limit in (np.iinfo(dtype).min, np.iinfo(dtype).max))
    first, second = (generator.integers(low, high, shape, dtype, endpoint=True) for shape in shapes)
    return first, second


def _whole(share: float) -> Callable[..., _Pair]:
    """Integers with r_1 r_2 n within the digits of the dtype, r_1 taking `share` of them."""

    def draw(
        generator: np.random.Generator, shapes: _Shapes, dtype: np.dtype[Any], length: int
    ) -> _Pair:
        terms = max(1, length) * (2 if dtype.kind == "c" else 1)
        budget = 2 ** (np.finfo(dtype).nmant + 1) // terms
        first = max(1, int(budget**share))

        def part(shape: tuple[int, ...], r: int) -> Array:
            whole: Array = generator.integers(-r, r, shape, endpoint=True)
            return whole

        left = _parts(partial(part, r=first), shapes[0], dtype)
        return left, _parts(partial(part, r=max(1, budget // first)), shapes[1], dtype)

    return draw


def _uniform(spread: int) -> Callable[..., _Pair]:
    """Random numbers whose products are exact in float64, over 2 * `spread` powers of two."""

    def draw(
        generator: np.random.Generator, shapes: _Shapes, dtype: np.dtype[Any], length: int
    ) -> _Pair:
        bits = min(26, np.finfo(dtype).nmant + 1)

        def part(shape: tuple[int, ...]) -> Array:
            digits = generator.integers(-(2**bits), 2**bits, shape, endpoint=True)
            exponents = generator.integers(-spread, spread, shape, endpoint=True)
            return np.ldexp(digits, exponents - bits)

        return _parts(part, shapes[0], dtype), _parts(part, shapes[1], dtype)

    return draw


def _parts(
    draw: Callable[[tuple[int, ...]], Array], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Array:
    """An array drawn once, or once for each of the real and imaginary parts."""
    array = np.empty(shape, dtype)
    if dtype.kind == "c":
        array.real, array.imag = draw(shape), draw(shape)
    else:
        array[...] = draw(shape)
    return array


def _normal(
    generator: np.random.Generator, shapes: _Shapes, dtype: np.dtype[Any], length: int
) -> _Pair:
    """Standard normal numbers, rounded to multiples of 2**-22: sums up to 2**9 are exact."""

    def part(shape: tuple[int, ...]) -> Array:
        return np.ldexp(np.rint(np.ldexp(generator.standard_normal(shape), 22)), -22)

    return _parts(part, shapes[0], dtype), _parts(part, shapes[1], dtype)


_KINDS: dict[str, Callable[..., _Pair]] = {
    "integers": _whole(0.5),
    "skewed": _whole(0.9),
    "random": _uniform(0),
    "scaled": _uniform(_SPREAD),
    "normal": _normal,
}
