"""The inner loops of scipy.signal, and numpy.convolve, by convolution.

`convolve` and `correlate` are NumPy's functions. The others have the names, the arguments and the
results of functions inside scipy.signal that its own functions end in; what is too small to gain,
or of a type that is not taken, is left to those.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from scipy.signal import _sigtools as own
from scipy.signal._signaltools import _freq_domain_conv as by_fft

from .. import settings
from ..functional import conv
from ..plugin import FLOAT_NAMES, INTEGER_NAMES, Array
from ._borders import CONSTANT, REFLECT, WRAP, extend, extended_shape

numpy: Any = np  # whose functions take more than their types say
try:  # numpy.convolve without its checks, which take as long as a few hundred sums
    add_up = numpy._core.multiarray.correlate
except AttributeError:
    add_up = None
# Products below which the functions that we stand in for are done before ours have started.
FEW_PRODUCTS = 1 << 14
TAKEN = frozenset(np.dtype(name) for name in FLOAT_NAMES + INTEGER_NAMES)
FLOATS = frozenset(np.dtype(name) for name in FLOAT_NAMES)
# Numbers to a tap from which complex sequences are convolved part by part, and not by one FFT.
SPLIT = 8
VALID, SAME, FULL = range(3)
MODES = {"valid": VALID, "same": SAME, "full": FULL}
# The boundaries of convolve2d, which come in units of four.
BOUNDARIES = {0: CONSTANT, 4: REFLECT, 8: WRAP}


def convolve(a: Any, v: Any, mode: str = "full") -> Array:
    """Linear convolution of two sequences: `numpy.convolve`, by the fastest direct sum.

    Parameters
    ----------
    a, v : array_like of shape (N,) and (M,)
        The sequences.
    mode : {"full", "same", "valid"}
        All N + M - 1 overlaps, the middle max(N, M) of them, or those that are complete.

    Returns
    -------
    ndarray
        Of the dtype that NumPy promotes both to.

    Examples
    --------
    >>> convolve([1, 2, 3], [0, 1, 0.5])
    array([0. , 1. , 2.5, 4. , 1.5])
    """
    a, v = np.asarray(a), np.asarray(v)
    result: Array
    if not a.ndim == v.ndim == 1 or not a.size or not v.size:
        result = numpy.convolve(a, v, mode)
    elif a.size * v.size >= FEW_PRODUCTS:
        result = _line(a, v, mode, flip=True)
    elif add_up is None or a.size < v.size:
        result = numpy.convolve(a, v, mode)
    else:
        result = add_up(a, v[::-1], mode)
    return result


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Cross-correlation of two sequences: `numpy.correlate`, by the fastest direct sum."""
    a, v = np.asarray(a), np.asarray(v)
    if a.size * v.size < FEW_PRODUCTS or a.size < v.size or not a.ndim == v.ndim == 1:
        return numpy.correlate(a, v, mode)
    return _line(a, v.conj(), mode, flip=False)


def _line(a: Array, v: Array, mode: str, *, flip: bool) -> Any:
    dtype = np.result_type(a, v)
    if dtype not in TAKEN or mode not in MODES:
        return (numpy.convolve if flip else numpy.correlate)(a, v if flip else v.conj(), mode)
    if v.size > a.size:
        a, v = v, a
    weight = v[::-1] if flip else v
    return slide(a.astype(dtype, copy=False), weight.astype(dtype), windows(v.shape, MODES[mode]))


def windows(shape: tuple[int, ...], mode: int) -> list[tuple[int, int]]:
    """Padding on each axis, for a kernel of `shape`."""
    if mode == VALID:
        return [(0, 0)] * len(shape)
    if mode == FULL:
        return [(taps - 1, taps - 1) for taps in shape]
    return [(taps // 2, taps - 1 - taps // 2) for taps in shape]


def slide(input: Array, weight: Array, padding: list[tuple[int, int]]) -> Array:
    """Sliding product of arrays of one channel, each sum by itself."""
    with settings.options(accuracy="strict"):
        result: Array = conv(input[None, None], weight[None, None], padding=tuple(padding))[0, 0]
    return result


def correlate_nd(in1: Array, in2: Array, out: Array, mode: int) -> Any:
    """Direct correlation, of an `in1` with the zeros of mode "same" or "full" at its ends."""
    dtype = np.result_type(in1, in2)
    if out.size * in2.size < FEW_PRODUCTS or dtype not in TAKEN:
        return own._correlateND(in1, in2, out, mode)
    if mode != VALID:
        in1 = in1[tuple(slice(n - r + 1) for n, r in zip(in1.shape, in2.shape, strict=True))]
    weight = in2.conj().astype(dtype)
    return slide(in1.astype(dtype, copy=False), weight, windows(in2.shape, mode))


def convolve_2d(
    in1: Array, in2: Array, flip: int, mode: int, boundary: int = 0, fillvalue: Any = 0
) -> Any:
    """Direct convolution or, without a flip, correlation of images, with a boundary."""
    dtype = np.result_type(in1, in2)
    few = in1.size * in2.size < FEW_PRODUCTS
    value = np.asarray(fillvalue)
    plain = value.size == 1 and value.dtype.kind in "biuf"
    if few or dtype not in TAKEN or boundary not in BOUNDARIES or not plain:
        return own._convolve2d(in1, in2, flip, mode, boundary, fillvalue)
    weight = (in2[::-1, ::-1] if flip else in2).astype(dtype)
    reach = windows(in2.shape, mode)
    if mode == SAME and not flip:
        reach = [(after, before) for before, after in reach]
    if mode != VALID and (boundary or value.any()):
        rows, outside = slice(0, len(in1)), value.astype(dtype).item()
        wide = np.empty(extended_shape(in1, rows, reach), dtype)
        extend(in1, rows, reach, BOUNDARIES[boundary], outside, wide)
        in1, reach = wide, [(0, 0), (0, 0)]
    return slide(in1.astype(dtype, copy=False), weight, reach)


def full_by_any(
    xp: Any, in1: Array, in2: Array, axes: list[int], shape: list[int], calc_fast_len: bool = False
) -> Any:
    """Full convolution along `axes`, in whichever way is fastest; the other axes are broadcast."""
    dtype = np.result_type(in1, in2)
    dtype = np.dtype("float64") if dtype.kind in "iub" else dtype
    if dtype not in FLOATS or not axes or not in1.size * in2.size:
        return by_fft(xp, in1, in2, axes, shape, calc_fast_len)
    if prod(in1.shape[a] for a in axes) < prod(in2.shape[a] for a in axes):
        in1, in2 = in2, in1
    ahead = range(-len(axes), 0)
    input, weight = (np.moveaxis(a.astype(dtype, copy=False), axes, ahead) for a in (in1, in2))
    if dtype.kind != "c":
        result = _full(input, weight, len(axes))
    elif len(axes) > 1 or in1.size < SPLIT * in2.size:
        return by_fft(xp, in1, in2, axes, shape, calc_fast_len)
    else:
        result = _full_of_complex(input, weight, len(axes))
    return np.moveaxis(result, ahead, axes)


def _full_of_complex(input: Array, weight: Array, rank: int) -> Array:
    """Four convolutions of real numbers, which are faster than one of complex ones."""
    parts = (part for array in (input, weight) for part in (array.real, array.imag))
    a, b, c, d = map(np.ascontiguousarray, parts)
    real = _full(a, c, rank) - _full(b, d, rank)
    result = np.empty(real.shape, input.dtype)
    result.real = real
    result.imag = _full(a, d, rank) + _full(b, c, rank)
    return result


def _full(input: Array, weight: Array, rank: int) -> Array:
    """Full convolution along the last `rank` axes, in the layout that the others ask for."""
    others = np.broadcast_shapes(input.shape[:-rank], weight.shape[:-rank])
    space, taps = input.shape[-rank:], weight.shape[-rank:]
    if prod(weight.shape[:-rank]) == 1:
        stacked, kernels, groups = input.reshape(-1, 1, *space), weight.reshape(1, 1, *taps), 1
    else:
        stacked = np.broadcast_to(input, (*others, *space)).reshape(1, -1, *space)
        kernels = np.broadcast_to(weight, (*others, *taps)).reshape(-1, 1, *taps)
        groups = len(kernels)
    kernels = np.flip(kernels, tuple(range(2, kernels.ndim)))
    result = conv(stacked, kernels, padding="full", groups=groups)
    return result.reshape(*others, *result.shape[2:])


def one_block(s1: int, s2: int) -> tuple[int, None, int, int]:
    """Leave it to the convolution whether it works in blocks, and in which."""
    return s1 + s2 - 1, None, s1, s2
