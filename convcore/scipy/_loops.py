"""The three inner loops of scipy.ndimage's linear filters, by convolution.

Each has the name, the arguments and the results of SciPy's own, which all its linear filters end
in: arguments are checked there, modes are codes, `output` is filled. An array is worked on in
pieces, extended and converted while they are in the cache; sums are in double and rounded once, or
in a type in which nothing is lost. What is too small to gain from that, or is no array of real
numbers, is left to SciPy's own loop.
"""

from __future__ import annotations

from functools import cache, lru_cache
from math import prod
from typing import Any

import numpy as np
from scipy.ndimage import _nd_image as own

from .. import settings
from ..errors import BackendLoadError, UnknownBackendError
from ..functional import conv
from ..plugin import Array
from ..registry import get_backend
from ._borders import CONSTANT, GRID_CONSTANT, extend, extended_shape, reach_of
from ._pieces import PIECE, Part, Scratch, across, bands, each

# Products below which SciPy's loop is done before ours has started, in windows and, where it adds
# taps in pairs, along one axis.
FEW_PRODUCTS, FEW_ALONG = 1 << 16, 1 << 18
# Taps beyond which a running sum is faster than one sum for each window.
LONGEST_SUM = 64
# A band of rows is read in one piece where it has so many times the rows that windows add to it.
SHARE_READ_TWICE = 4
ALONG_ONE_AXIS = "lines"
READ = frozenset("?bhilqBHILQfd")
WRITTEN = READ - {"?"}
EPSILON = float(np.finfo(np.float64).eps)
EXACT = 2.0**24  # integers up to here are exact in float32
FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")


def correlate1d(
    input: Array, weights: Array, axis: int, output: Array, mode: int, cval: Any, origin: int
) -> None:
    """Filter along one axis, even and odd kernels folded."""
    if is_left(input, output, weights.size, FEW_ALONG) or not is_built():
        own.correlate1d(input, weights, axis, output, mode, cval, origin)
        return
    along(input, weights, axis, output, mode, cval, origin)


def uniform_filter1d(
    input: Array, size: int, axis: int, output: Array, mode: int, cval: Any, origin: int
) -> None:
    """Mean of a window along one axis: of each by itself, or long ones by SciPy's running sum."""
    if is_left(input, output, 8, FEW_ALONG) or not is_built():
        own.uniform_filter1d(input, size, axis, output, mode, cval, origin)
    elif size <= LONGEST_SUM:
        along(input, np.ones(size), axis, output, mode, cval, origin, size)
    else:
        source = apart(input, output, in_place=True)

        def part(here: Part, scratch: Scratch) -> None:
            own.uniform_filter1d(source[here], size, axis, output[here], mode, cval, origin)

        each(part, list(across(input.shape, axis)))


def along(
    input: Array,
    weights: Array,
    axis: int,
    output: Array,
    mode: int,
    cval: Any,
    origin: int,
    divisor: int = 1,
) -> None:
    """Filter along one axis in pieces, and divide."""
    kernel = kernel_for(weights, input.dtype, mode, cval).reshape(1, 1, 1, -1, 1)
    reaches = [(0, 0)] * input.ndim
    reaches[axis] = reach_of(weights.size, origin)
    in_bands = axis == 0 and not np.may_share_memory(input, output)
    in_bands &= weights.size * SHARE_READ_TWICE <= PIECE // max(1, prod(input.shape[1:]))
    source = input if in_bands else apart(input, output, in_place=True)

    def part(here: Part, scratch: Scratch) -> None:
        piece, rows = (source, here[0]) if in_bands else (source[here], slice(0, len(source[here])))
        target = output[here]
        extents = target.shape
        outer, inner = prod(extents[:axis]), prod(extents[axis + 1 :])
        wide = scratch.array("wide", extended_shape(piece, rows, reaches), kernel.dtype)
        extend(piece, rows, reaches, mode, cval, wide)
        lines = wide.reshape(1, 1, outer, wide.shape[axis], inner)
        shape = (1, 1, outer, extents[axis], inner)
        if fits(target, kernel.dtype):
            conv(lines, kernel, backend=ALONG_ONE_AXIS, out=target.reshape(shape))
            if divisor != 1:
                np.divide(target, divisor, out=target)
            return
        result = scratch.array("result", shape, kernel.dtype)
        conv(lines, kernel, backend=ALONG_ONE_AXIS, out=result)
        store(result, target, divisor, scratch)

    each(part, bands(input.shape) if in_bands else list(across(input.shape, axis)))


def correlate(
    input: Array, weights: Array, output: Array, mode: int, cval: Any, origins: Any
) -> None:
    """Filter with a kernel of any shape; weights that are next to nothing are left out."""
    if is_left(input, output, weights.size, FEW_PRODUCTS):
        own.correlate(input, weights, output, mode, cval, origins)
        return
    kernel = kernel_for(weights, input.dtype, mode, cval)
    all_count = input.dtype.kind != "f" or kernel.all()
    reach = tuple(map(reach_of, weights.shape, origins))
    source = apart(input, output)
    spread = []  # what was left out has no part in a sum, not even as NaN

    def part(here: Part, scratch: Scratch) -> None:
        wide = scratch.array("wide", extended_shape(source, here[0], reach), kernel.dtype)
        extend(source, here[0], reach, mode, cval, wide)
        target = output[here]
        ready, shape = fits(target, kernel.dtype), (1, 1, *target.shape)
        result = target[None, None] if ready else scratch.array("result", shape, kernel.dtype)
        conv(wide[None, None], kernel[None, None], out=result)
        if not (all_count or is_finite(result)):
            spread.append(here)
        if not ready:
            store(result, target, 1, scratch)

    with settings.options(accuracy="strict"):
        each(part, bands(input.shape))
    if spread:
        own.correlate(source, weights, output, mode, cval, origins)


def is_left(input: Array, output: Array, taps: int, most: int) -> bool:
    """Whether SciPy's own loop does it, for one because there are fewer than `most` products."""
    if input.size * taps < most or not input.size or not input.ndim:
        return True
    return input.dtype.char not in READ or output.dtype.char not in WRITTEN


@cache
def is_built() -> bool:
    """Whether there is the backend for kernels with one axis, which has to be compiled."""
    try:
        get_backend(ALONG_ONE_AXIS)
    except (BackendLoadError, UnknownBackendError):
        return False
    return True


def apart(input: Array, output: Array, *, in_place: bool = False) -> Array:
    """`input`, copied where writing to `output` changes what has not been read yet.

    With `in_place` each element is read before the one at its place is written.
    """
    if not np.may_share_memory(input, output) or (in_place and is_same(input, output)):
        return input
    return input.copy()


def is_same(first: Array, second: Array) -> bool:
    """Whether both are the same numbers in memory."""
    start, other = (array.__array_interface__["data"] for array in (first, second))
    return start == other and first.strides == second.strides and first.dtype == second.dtype


def kernel_for(weights: Array, dtype: np.dtype[Any], mode: int, cval: Any) -> Array:
    """The kernel for an input of `dtype`, in the dtype in which to sum."""
    outside = float(cval) if mode in (CONSTANT, GRID_CONSTANT) else 0.0
    precision = settings.context().precision or settings.defaults().precision
    native = dtype == FLOAT32 and precision == "native"
    return _kernel(weights.tobytes(), weights.shape, dtype, outside, native)


@lru_cache(maxsize=256)
def _kernel(
    taps: bytes, shape: tuple[int, ...], dtype: np.dtype[Any], outside: float, native: bool
) -> Array:
    weights = np.frombuffer(taps).reshape(shape)
    if weights.ndim == 1:
        weights = folded(weights)
    else:  # SciPy leaves out what is next to nothing
        weights = np.where(np.abs(weights) > EPSILON, weights, 0)
    return weights.astype(FLOAT32 if native or is_exact(weights, dtype, outside) else FLOAT64)


def folded(weights: Array) -> Array:
    """Weights that are even or odd but for rounding, made exactly so, as SciPy treats them."""
    mirrored, half = weights[::-1], weights.size // 2
    near = EPSILON * min(1.0, np.abs(weights).max())
    if weights.size % 2:
        for sign in (1, -1):
            if (np.abs(weights - sign * mirrored)[:half] <= near).all():
                return np.concatenate([weights[: half + 1], sign * weights[:half][::-1]])
    return weights


def is_exact(weights: Array, dtype: np.dtype[Any], outside: float) -> bool:
    """Whether float32 holds every sum of such whole numbers."""
    if dtype.kind == "f" or dtype.itemsize > 2:
        return False
    largest = 1 << 8 * dtype.itemsize
    whole = np.append(weights.ravel(), outside)
    exact = (whole == np.rint(whole)).all() and abs(outside) <= largest
    return bool(exact and np.abs(weights).sum() * largest <= EXACT)


def is_finite(array: Array) -> bool:
    """Whether all numbers are finite, and so small that their sum is."""
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.isfinite(array.sum()))


def fits(target: Array, dtype: np.dtype[Any]) -> bool:
    """Whether results in `dtype` can be written straight to `target`."""
    return target.dtype == dtype and target.flags.carray


def store(result: Array, target: Array, divisor: int, scratch: Scratch) -> None:
    """Divide and round once; integers are cut off towards zero, and wrap."""
    with np.errstate(invalid="ignore", over="ignore"):
        if divisor != 1:
            quotient = scratch.array("quotient", result.shape, FLOAT64)
            result = np.divide(result, divisor, out=quotient, dtype=FLOAT64)
        target[...] = result.reshape(target.shape)
