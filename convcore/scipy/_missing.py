"""Filters of arrays with missing numbers: what is missing has no part in a sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError
from ..plugin import Array

TREATMENTS = ("propagate", "omit", "interpolate")
# A share of the weights, below which a sum counts as one without any number in it.
NOTHING = 1e-12


def with_missing(
    filtered: Callable[..., Array],
    input: Any,
    weights: Any,
    output: Any,
    nan: str,
    mask: Any,
    options: dict[str, Any],
) -> Array:
    """`filtered` with NaN, and what `mask` marks, left out or interpolated.

    "omit" adds up what is there. "interpolate" divides that by the weights of what is there and
    multiplies by those of all, which is the filter of the array with each gap filled by what the
    kernel makes of its surroundings; NaN where nothing is there. A `cval` of NaN is a gap too.
    """
    if nan not in TREATMENTS:
        raise OptionError(f"nan: must be one of {', '.join(TREATMENTS)}; got {nan!r}")
    array, weights = np.asarray(input), np.asarray(weights)
    missing = _missing(array, nan, mask)
    there = np.where(missing, 0, array)
    gap_beyond = nan != "propagate" and bool(np.isnan(options["cval"]))
    options = {**options, "cval": 0} if gap_beyond else options
    if nan != "interpolate" or not (gap_beyond or missing.any()):
        return filtered(there, weights, output, **options)
    whole = weights.sum(dtype=np.float64)
    if abs(whole) <= NOTHING * np.abs(weights).sum():
        raise OptionError(f"nan: 'interpolate' needs weights with a sum; got {whole}")
    if output is None:
        output = array.dtype if array.dtype.kind in "fc" else np.float64
    wide = np.result_type(array, np.float64)
    sums = filtered(there.astype(wide), weights, wide, **options)
    options = {**options, "cval": 0 if gap_beyond else 1}
    shares = filtered((~missing).astype(np.float64), weights, np.float64, **options)
    near = NOTHING * np.abs(weights).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.where(np.abs(shares) > near, sums / shares * whole, np.nan)
    return _given(result, output)


def _missing(array: Array, nan: str, mask: Any) -> Array:
    """True where a number is missing."""
    gaps = np.zeros(array.shape, bool) if nan == "propagate" else np.isnan(array)
    if mask is None:
        return gaps
    if np.shape(mask) != array.shape:
        raise ShapeError(f"mask: must have shape {array.shape}; got {np.shape(mask)}")
    gaps |= np.asarray(mask, bool)
    return gaps


def _given(result: Array, output: Any) -> Array:
    """`result` in the array, or as the dtype, that was asked for."""
    if isinstance(output, np.ndarray):
        output[...] = result
        return output
    return result.astype(output)
