"""The linear filters of scipy.ndimage, on convcore's backends.

Each function is SciPy's: signature, defaults, modes, origins, axes, dtypes and errors are those of
the SciPy that is installed. What is underneath is ours: the loops in `_loops`. All other names of
scipy.ndimage can be had here as well, and are SciPy's own.

`convolve` and `correlate` take two arguments more, for missing data: `nan` and `mask`.

What differs from scipy.ndimage
-------------------------------
* Filters along one axis (gaussian_filter, sobel, prewitt, laplace, ...) have SciPy's bits.
  `correlate` and `convolve` with kernels of several axes add the same products in double, in
  another order: before rounding to the output's dtype they differ by a few units of the last place
  of a double, so that an integer, which is cut off and not rounded, can differ by 1 where a sum is
  within that of a whole number.
* Means of up to 64 floating-point numbers are summed one by one, where SciPy keeps a running sum,
  whose rounding errors, and NaN, are carried to the end of the line.
* Under ``convcore.options(precision="native")`` float32 is summed in float32. What is exact either
  way, like integer kernels on images of 8 bits, always is.
* A kernel that is even or odd but for rounding is taken as such where the difference is below eps
  times its largest tap; SciPy does so below eps, whatever the taps.
"""

from __future__ import annotations

from typing import Any

from ..plugin import Array
from ._missing import with_missing
from ._seams import on_ours, public

_filters = on_ours("scipy.ndimage._filters")

convolve1d = public(_filters, "convolve1d", __name__)
correlate1d = public(_filters, "correlate1d", __name__)
gaussian_filter = public(_filters, "gaussian_filter", __name__)
gaussian_filter1d = public(_filters, "gaussian_filter1d", __name__)
gaussian_gradient_magnitude = public(_filters, "gaussian_gradient_magnitude", __name__)
gaussian_laplace = public(_filters, "gaussian_laplace", __name__)
generic_gradient_magnitude = public(_filters, "generic_gradient_magnitude", __name__)
generic_laplace = public(_filters, "generic_laplace", __name__)
laplace = public(_filters, "laplace", __name__)
prewitt = public(_filters, "prewitt", __name__)
sobel = public(_filters, "sobel", __name__)
uniform_filter = public(_filters, "uniform_filter", __name__)
uniform_filter1d = public(_filters, "uniform_filter1d", __name__)

__all__ = [
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "generic_gradient_magnitude",
    "generic_laplace",
    "laplace",
    "prewitt",
    "sobel",
    "uniform_filter",
    "uniform_filter1d",
]


def convolve(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    nan: str = "propagate",
    mask: Any = None,
) -> Array:
    """Convolve with a kernel of any shape: `scipy.ndimage.convolve`, and missing data.

    Parameters
    ----------
    input, weights : array_like
        The array, and the kernel, which is flipped along every axis.
    output, mode, cval, origin, axes
        As in `scipy.ndimage.convolve`.
    nan : {"propagate", "omit", "interpolate"}
        What NaN in `input` stands for: itself; a gap, whose products are left out of the sums; a
        gap that the others make up for, in the proportion of the weights that meet a number. Where
        none does, "interpolate" gives NaN.
    mask : array_like of bool, optional
        True where a number is missing, beside the NaN that `nan` treats so.

    Examples
    --------
    >>> import numpy as np
    >>> convolve([1.0, np.nan, 3.0], [0.25, 0.5, 0.25], nan="interpolate")
    array([1., 2., 3.])
    >>> convolve([1.0, np.nan, 3.0], [0.25, 0.5, 0.25], nan="omit")
    array([0.75, 1.  , 2.25])
    """
    if nan == "propagate" and mask is None:
        result: Array = _filters.convolve(input, weights, output, mode, cval, origin, axes=axes)
        return result
    options = {"mode": mode, "cval": cval, "origin": origin, "axes": axes}
    return with_missing(_filters.convolve, input, weights, output, nan, mask, options)


def correlate(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    nan: str = "propagate",
    mask: Any = None,
) -> Array:
    """Correlate with a kernel of any shape: `scipy.ndimage.correlate`, and missing data.

    Parameters
    ----------
    input, weights : array_like
        The array, and the kernel, which is not flipped.
    output, mode, cval, origin, axes
        As in `scipy.ndimage.correlate`.
    nan, mask
        As in `convolve`.
    """
    if nan == "propagate" and mask is None:
        result: Array = _filters.correlate(input, weights, output, mode, cval, origin, axes=axes)
        return result
    options = {"mode": mode, "cval": cval, "origin": origin, "axes": axes}
    return with_missing(_filters.correlate, input, weights, output, nan, mask, options)


def __getattr__(name: str) -> Any:
    import scipy.ndimage

    return getattr(scipy.ndimage, name)
