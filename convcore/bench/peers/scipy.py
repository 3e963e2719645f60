"""SciPy, whose convolutions know neither channels nor strides: one call per pair of channels.

Forward there is also one call that broadcasts over all pairs, whose results are then summed. A
stride becomes zeros between the elements of the gradient, or outputs computed and dropped; a
dilation becomes zeros between the taps.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...plugin import Array, Geometry, Operation
from .interface import Call, Peer

# Beyond this many pairs of channels nobody would write the loop.
_MAX_PAIRS = 256

Correlate = Callable[[Array, Array, str], Array]


class SciPy(Peer):
    """`scipy.signal.oaconvolve`, by pairs or at once, or `correlate`, whichever is faster."""

    name = module = "scipy"

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self._signal: Any = importlib.import_module("scipy.signal")

    def refusal(self, geometry: Geometry, operation: Operation) -> str | None:
        """Only problems with few pairs of channels."""
        pairs = geometry.out_channels * geometry.group_in_channels
        if pairs > _MAX_PAIRS:
            return f"has no channels; {pairs} pairs of them would be as many calls"
        return None

    def prepare(
        self, geometry: Geometry, operation: Operation, first: Array, second: Array
    ) -> Call:
        """Every way is timed once."""
        compute = _OPERATIONS[operation]
        ways = (self._overlap_add, self._correlate)
        calls = [partial(compute, geometry, first, second, way) for way in ways]
        if operation == "forward":
            calls.append(partial(self._forward_at_once, geometry, first, second))
        return min(calls, key=_seconds)

    def _forward_at_once(self, geometry: Geometry, input: Array, weight: Array) -> Array:
        """Every sample, group and pair of channels in one call: axes (N, G, K / G, C / G, *S)."""
        padded, taps = _padded(input, geometry), _stuffed(weight, geometry.dilation)
        p, spatial = geometry, tuple(range(-geometry.spatial_rank, 0))
        signals = padded.reshape(p.batch, p.groups, 1, -1, *padded.shape[2:])
        kernels = np.flip(taps, spatial).reshape(1, p.groups, -1, *taps.shape[1:])
        products = self._signal.oaconvolve(signals, kernels, "valid", spatial)
        sums: Array = products[..., *_steps(p.stride)].sum(axis=3)
        return sums.reshape(p.output_shape)

    def _overlap_add(self, signals: Array, kernel: Array, mode: str) -> Array:
        axes = tuple(range(1, signals.ndim))
        flipped = np.flip(kernel)[None]
        result: Array = self._signal.oaconvolve(signals, flipped, mode, axes)
        return result

    def _correlate(self, signals: Array, kernel: Array, mode: str) -> Array:
        return np.stack([self._signal.correlate(signal, kernel, mode) for signal in signals])


def _seconds(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _forward(geometry: Geometry, input: Array, weight: Array, correlate: Correlate) -> Array:
    padded, taps = _padded(input, geometry), _stuffed(weight, geometry.dilation)
    output = np.zeros(geometry.output_shape, input.dtype)
    steps = _steps(geometry.stride)
    for k, c, channel in _pairs(geometry):
        output[:, k] += correlate(padded[:, channel], taps[k, c], "valid")[:, *steps]
    return output


def _grad_input(
    geometry: Geometry, grad_output: Array, weight: Array, correlate: Correlate
) -> Array:
    spread, taps = _stuffed(grad_output, geometry.stride), _stuffed(weight, geometry.dilation)
    padded = np.zeros((*geometry.input_shape[:2], *geometry.padded_extents), weight.dtype)
    for k, c, channel in _pairs(geometry):
        found = correlate(spread[:, k], np.flip(taps[k, c]), "full")
        padded[:, channel][:, *_first(found.shape[1:])] += found
    return _cropped(padded, geometry)


def _grad_weight(
    geometry: Geometry, grad_output: Array, input: Array, correlate: Correlate
) -> Array:
    spread = _stuffed(grad_output, geometry.stride)
    spans = zip(spread.shape[2:], geometry.receptive_field, strict=True)
    used = tuple(slice(extent + field - 1) for extent, field in spans)
    padded = _padded(input, geometry)[:, :, *used]
    grad_weight = np.zeros(geometry.weight_shape, input.dtype)
    steps = _steps(geometry.dilation)
    for k, c, channel in _pairs(geometry):
        samples = zip(padded[:, channel], spread[:, k], strict=True)
        total = sum(correlate(x[None], dy, "valid")[0] for x, dy in samples)
        grad_weight[k, c] = np.asarray(total)[steps]
    return grad_weight


_OPERATIONS: dict[Operation, Callable[[Geometry, Array, Array, Correlate], Array]] = {
    "forward": _forward,
    "grad_input": _grad_input,
    "grad_weight": _grad_weight,
}


def _pairs(geometry: Geometry) -> Iterator[tuple[int, int, int]]:
    """Output channel, input channel within its group, and the same among all."""
    inputs, outputs = geometry.group_in_channels, geometry.group_out_channels
    for k in range(geometry.out_channels):
        for c in range(inputs):
            yield k, c, k // outputs * inputs + c


def _first(extents: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(extent) for extent in extents)


def _steps(steps: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(None, None, step) for step in steps)


def _stuffed(array: Array, steps: Sequence[int]) -> Array:
    """`array` with step - 1 zeros between the elements of each spatial axis."""
    spans = zip(array.shape[2:], steps, strict=True)
    result = np.zeros((*array.shape[:2], *((n - 1) * step + 1 for n, step in spans)), array.dtype)
    result[:, :, *_steps(steps)] = array
    return result


def _padded(input: Array, geometry: Geometry) -> Array:
    grow: Any = [(max(before, 0), max(after, 0)) for before, after in geometry.padding]
    grown = np.pad(input, [(0, 0), (0, 0), *grow])
    crop = zip(geometry.padding, grown.shape[2:], strict=True)
    return grown[:, :, *(slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in crop)]


def _cropped(padded: Array, geometry: Geometry) -> Array:
    """The adjoint of `_padded`: what lies on the input."""
    grad_input = np.zeros(geometry.input_shape, padded.dtype)
    axes = tuple(zip(geometry.padding, geometry.input_extents, strict=True))
    inside = tuple(slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in axes)
    kept = tuple(slice(max(b, 0), max(b, 0) + n - max(-b, 0) - max(-a, 0)) for (b, a), n in axes)
    grad_input[:, :, *inside] = padded[:, :, *kept]
    return grad_input
