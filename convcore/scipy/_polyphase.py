"""The inner loop of scipy.signal.upfirdn: strided convolutions with a kernel for each phase."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np
from scipy.signal._upfirdn_apply import _apply as own

from ..functional import conv
from ..plugin import Array
from ._products import FLOATS

ZEROS_BEYOND = 0  # SciPy's code of the mode
# Products for each kernel below which SciPy's loop is done before ours has started.
FEW_PRODUCTS = 1 << 17
# What the outputs of channels that share a kernel read, in taps: more costs products with zeros,
# less takes more kernels. Zen 3, 2026-12.
SHARED = 3


def apply(
    x: Array, phases: Array, out: Array, up: int, down: int, axis: int, mode: int, cval: Any
) -> None:
    """Upsample `x`, filter, downsample; `phases` holds the flipped taps, phase by phase.

    Output n reads phase n down mod up at position n down // up. Outputs that are `up` / gcd apart
    read the same phase at positions that are `down` / gcd apart: that is the stride, and each of
    these phases is an output channel, whose taps start where its first output reads. Neighbouring
    channels are convolved together, with zeros beside their taps.
    """
    common, taps = gcd(up, down), phases.size // up
    channels, stride = up // common, down // common
    together = min(channels, -(-(SHARED - 1) * taps * up // down))
    fewest = FEW_PRODUCTS * -(-channels // together)
    if (mode, cval) != (ZEROS_BEYOND, 0) or out.dtype not in FLOATS or out.size * taps < fewest:
        own(x, phases, out, up, down, axis, mode, cval)
        return
    source, target = np.moveaxis(x, axis, -1), np.moveaxis(out, axis, -1)
    for begin in range(0, min(channels, target.shape[-1]), together):
        first = np.arange(begin, min(begin + together, channels)) * down
        rounds = -(-(target.shape[-1] - begin) // channels)
        found = _strided(source, phases.reshape(up, taps), first, stride, rounds)
        _take_turns(found, target, begin, channels)
    if together > 1 and not np.isfinite(out.sum()):  # zeros have met what is not finite
        out[...] = 0  # what it adds to
        own(x, phases, out, up, down, axis, mode, cval)


def _take_turns(found: Array, target: Array, begin: int, channels: int) -> None:
    """Store outputs of shape (*others, channels, rounds), a round every `channels` positions."""
    together, full = found.shape[-2], target.shape[-1] // channels
    split = target[..., : full * channels].reshape(*target.shape[:-1], full, channels)  # a view
    split[..., begin : begin + together] = found[..., :full].swapaxes(-1, -2)
    rest = target[..., full * channels :][..., begin : begin + together]
    if rest.shape[-1]:
        rest[...] = found[..., : rest.shape[-1], full]


def _strided(source: Array, phases: Array, first: Array, stride: int, rounds: int) -> Array:
    """Outputs of shape (*others, channels, rounds), every `stride` positions from the first."""
    (up, taps), extent = phases.shape, source.shape[-1]
    starts = first // up
    kernel = np.zeros((len(first), taps + int(starts[-1] - starts[0])), phases.dtype)
    columns = (starts - starts[0])[:, None] + np.arange(taps)
    np.put_along_axis(kernel, columns, phases[first % up], axis=1)
    before = max(taps - 1 - int(starts[0]), -extent)
    after = (rounds - 1) * stride + kernel.shape[1] - extent - before
    lines = source.reshape(-1, 1, extent)
    result = conv(lines, kernel[:, None], stride=stride, padding=((before, after),))
    return result.reshape(*source.shape[:-1], *result.shape[1:])
