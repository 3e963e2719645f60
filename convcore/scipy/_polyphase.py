"""The inner loop of scipy.signal.upfirdn: one strided convolution with a kernel for each phase."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np
from scipy.signal._upfirdn_apply import _apply as own

from ..functional import conv
from ..plugin import Array
from ._products import FEW_PRODUCTS, FLOATS

ZEROS_BEYOND = 0  # SciPy's code of the mode
# Products with zeros for each one that counts, up to which they are still the faster way.
MOST_WASTE = 24


def apply(
    x: Array, phases: Array, out: Array, up: int, down: int, axis: int, mode: int, cval: Any
) -> None:
    """Upsample `x`, filter, downsample; `phases` holds the flipped taps, phase by phase.

    Output n reads phase n down mod up at position n down // up. Outputs that are `up` / gcd apart
    read the same phase at positions that are `down` / gcd apart: that is the stride, and each of
    these phases is an output channel, whose taps start where its first output reads.
    """
    common = gcd(up, down)
    channels, stride = up // common, down // common
    first = np.arange(channels) * down
    taps = phases.size // up
    kernel = np.zeros((channels, taps + int(first[-1]) // up), phases.dtype)
    if (
        (mode, cval) != (ZEROS_BEYOND, 0)
        or out.dtype not in FLOATS
        or out.size * taps < FEW_PRODUCTS
        or kernel.shape[1] > MOST_WASTE * taps
    ):
        own(x, phases, out, up, down, axis, mode, cval)
        return
    columns = first[:, None] // up + np.arange(taps)
    np.put_along_axis(kernel, columns, phases.reshape(up, taps)[first % up], axis=1)
    result = _strided(np.moveaxis(x, axis, -1), kernel, taps, stride, out.shape[axis])
    if channels > 1 and not np.isfinite(result.sum()):  # zeros have met what is not finite
        own(x, phases, out, up, down, axis, mode, cval)
        return
    np.moveaxis(out, axis, -1)[...] = result


def _strided(x: Array, kernel: Array, taps: int, stride: int, wanted: int) -> Array:
    """The first `wanted` outputs along the last axis, the channels taking turns."""
    channels, extent = kernel.shape
    rounds = -(-wanted // channels)
    after = (rounds - 1) * stride + extent - x.shape[-1] - (taps - 1)
    lines = x.reshape(-1, 1, x.shape[-1])
    result = conv(lines, kernel[:, None], stride=stride, padding=((taps - 1, after),))
    turns = result.swapaxes(1, 2).reshape(len(lines), -1)[:, :wanted]
    return turns.reshape(*x.shape[:-1], wanted)
