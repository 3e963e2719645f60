"""Pools for adapters: NumPy's maxima and sums over shifted views, one axis after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from ..typing import Array

# Windows by the axis that they lie along.
Windows = Mapping[int, "Window"]


class Window(NamedTuple):
    """What a pool looks at along one axis.

    Parameters
    ----------
    extent : int
        Of the input.
    taps, stride, dilation : int
        As in a convolution.
    before, after : int
        How far the input is extended.
    outputs : int
        Extent of the output; the last windows may reach beyond `after`.
    """

    extent: int
    taps: int
    stride: int
    dilation: int
    before: int
    after: int
    outputs: int

    @property
    def reach(self) -> int:
        """Extent, from the beginning of the padding, that the windows look at."""
        return (self.outputs - 1) * self.stride + self.dilation * (self.taps - 1) + 1


def same_window(
    extent: int, taps: int, stride: int, dilation: int = 1, *, lower: bool = False
) -> Window:
    """A window for every stride; of an odd padding the larger half is after, or if `lower` before.

    Examples
    --------
    >>> same_window(5, 2, 1)
    Window(extent=5, taps=2, stride=1, dilation=1, before=0, after=1, outputs=5)
    """
    outputs = -(-extent // stride)
    total = max(0, (outputs - 1) * stride + dilation * (taps - 1) + 1 - extent)
    before = total - total // 2 if lower else total // 2
    return Window(extent, taps, stride, dilation, before, total - before, outputs)


def padded_window(
    extent: int,
    taps: int,
    stride: int,
    dilation: int = 1,
    before: int = 0,
    after: int = 0,
    *,
    ceil: bool = False,
) -> Window:
    """Every window that fits, and if `ceil` one that does not, unless it begins in the padding."""
    room = extent + before + after - dilation * (taps - 1) - 1
    outputs = (-(-room // stride) if ceil else room // stride) + 1
    if ceil and (outputs - 1) * stride >= extent + before:
        outputs -= 1
    return Window(extent, taps, stride, dilation, before, after, max(0, outputs))


def max_pool(x: Array, windows: Windows) -> Array:
    """The largest element of each window; no element of the padding is."""
    least = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    return _pooled(np.maximum, x, windows, least)


def mean_pool(x: Array, windows: Windows, *, padding: bool = False) -> Array:
    """The mean of each window, in which zeros of the padding count if `padding`.

    Numbers of two bytes are summed in float32, and rounded once.
    """
    mean = _pooled(np.add, x if x.dtype.itemsize > 2 else x.astype(np.float32), windows, 0)
    for axis, window in windows.items():
        counts = _counts(window, padding).astype(mean.dtype)
        mean /= counts.reshape(-1, *(1,) * (x.ndim - axis - 1))
    return mean.astype(x.dtype, copy=False)


def _pooled(ufunc: Callable[..., Array], x: Array, windows: Windows, beyond: float) -> Array:
    """`ufunc` over windows: they are boxes, so it goes axis by axis; padding holds `beyond`."""
    for axis, window in windows.items():
        x = _pooled_along(ufunc, x, axis, window, beyond)
    return x


def _pooled_along(
    ufunc: Callable[..., Array], x: Array, axis: int, window: Window, beyond: float
) -> Array:
    after = max(0, window.reach - window.before - window.extent)
    if window.before or after:
        widths = [(0, 0)] * x.ndim
        widths[axis] = (window.before, after)
        x = np.pad(x, widths, constant_values=beyond)
    lead, ends = (slice(None),) * axis, max(0, (window.outputs - 1) * window.stride + 1)
    shifts = range(0, window.taps * window.dilation, window.dilation)
    views = [x[(*lead, slice(shift, shift + ends, window.stride))] for shift in shifts]
    result = np.array(views[0], order="C")
    for view in views[1:]:
        ufunc(result, view, out=result)
    return result


def _counts(window: Window, padding: bool) -> Array:
    """How many taps of each window lie on the input, or on its padding where that counts."""
    low, high = (-window.before, window.after) if padding else (0, 0)
    starts = np.arange(window.outputs) * window.stride - window.before
    positions = starts[:, None] + np.arange(window.taps) * window.dilation
    counts: Array = ((positions >= low) & (positions < window.extent + high)).sum(axis=1)
    return counts
