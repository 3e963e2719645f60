"""A border other than zeros without a copy of the input: as with zeros, and the halos on their own.

The extended input is the input among zeros, and boxes of its halos among zeros. All operations are
linear in it, so what they give of the parts adds up: an output, the gradient of a weight, and the
gradient of the input, to which each box adds what it copies. The boxes are small where the input is
large; each is a problem of its own, of the outputs that read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..contract import Array, Convolution
from ..planning import Operand
from ..problem import Geometry, Operation, Pair, merged
from .borders import Border
from .boxes import Box
from .call import Call

# Elements of an input beyond which a copy costs more than some small problems, and how many times
# smaller the halos are: 3 x 3 on 540 x 960 are as fast either way, on 64 channels of 112 x 112 a
# copy is faster (1.13 and 1.33 of zeros), on 1080 x 1920 slower (1.93 and 1.67; Zen 3, 2026-12).
LEAST_ELEMENTS = 1 << 20
LEAST_RATIO = 8


class Halo(NamedTuple):
    """A box of the extended input, which outputs read it by which taps, and what runs it."""

    box: Box
    output: tuple[Any, ...]
    taps: tuple[Any, ...]
    plan: Convolution

    def run(self, operation: Operation, first: Array, second: Array) -> Array:
        """`operation` of the arrays, which the plan may see with fewer axes."""
        shapes = self.plan.geometry.signatures[operation]
        method = getattr(self.plan, operation)
        result: Array = method(first.reshape(shapes[0]), second.reshape(shapes[1]))
        return result


class HaloCall(Call):
    """A call whose plan takes the border for zeros, and adds what the halos add.

    Parameters
    ----------
    geometry, dtype, border, plan
        As of a `Call`; the plan is of `geometry`.
    halos : list of Halo
        The boxes that outputs read.
    """

    __slots__ = ("halos",)
    border: Border

    def __init__(
        self,
        geometry: Geometry,
        dtype: np.dtype[Any],
        border: Border,
        plan: Convolution,
        halos: list[Halo],
    ) -> None:
        super().__init__(geometry, dtype, border, plan)
        self.halos = halos

    def forward(
        self, input: Array, weight: Array, bias: Array | None, value: Any, out: Array | None
    ) -> Array:
        """The output as with zeros, and that of each halo."""
        result = self.plan.forward(input, weight, out=out)
        source = Operand(input, self.dtype)
        for halo in self.halos:
            part = halo.run("forward", halo.box.read(source, value), weight[halo.taps])
            _add(result[halo.output], part)
        return result if bias is None else self._biased(result, bias)

    def grad_input(
        self, grad_output: Array, weight: Array, bias: Array | None, out: Array | None
    ) -> Array:
        """The gradient as with zeros, and that of each halo, folded back."""
        result = self.plan.grad_input(grad_output, weight, out=out)
        for halo in self.halos:
            if not halo.box.constant:
                part = halo.run("grad_input", grad_output[halo.output], weight[halo.taps])
                halo.box.fold(part, result)
        return result

    def grad_weight(self, grad_output: Array, input: Array, value: Any, out: Array | None) -> Array:
        """The gradient as with zeros, and that of each halo."""
        result = self.plan.grad_weight(grad_output, input, out=out)
        source = Operand(input, self.dtype)
        for halo in self.halos:
            box = halo.box.read(source, value)
            _add(result[halo.taps], halo.run("grad_weight", grad_output[halo.output], box))
        return result


def _add(result: Array, part: Array) -> None:
    with np.errstate(all="ignore"):
        result += part.reshape(result.shape)


def is_worth_while(border: Border, samples: int, channels: int) -> bool:
    """Whether halos are so much smaller than the input that they are better on their own."""
    input = samples * channels * prod(border.cropped_extents)
    elements = prod(border.extended_extents) - prod(border.cropped_extents)
    enough = input >= LEAST_ELEMENTS
    return enough and LEAST_RATIO * elements <= prod(border.cropped_extents)


def halos_of(
    border: Border, geometry: Geometry, planned: Callable[[Geometry], Convolution]
) -> Iterator[Halo]:
    """The boxes of the halos that any output reads, each with its plan."""
    extended = border.remaining(geometry)
    for ranges in border.boxes():
        axes = [_reach(extended, axis, *pair) for axis, pair in enumerate(ranges)]
        if all(len(range(*place.indices(place.stop))) for each in axes for place in each[:2]):
            part = replace(
                extended,
                input_extents=tuple(stop - start for start, stop in ranges),
                kernel_extents=tuple(each.taps.stop - each.taps.start for each in axes),
                padding=tuple(each.padding for each in axes),
            )
            output, taps = (..., *(a.output for a in axes)), (..., *(a.taps for a in axes))
            yield Halo(border.box(ranges), output, taps, planned(merged(part)))


class Reach(NamedTuple):
    """What reads a range of one axis: outputs, and which of the taps; and the padding of these."""

    output: slice
    taps: slice
    padding: Pair


def _reach(geometry: Geometry, axis: int, start: int, stop: int) -> Reach:
    """Who reads the positions [start, stop) of an axis."""
    _, outputs, (low, after) = geometry.cut(axis, start, stop, of="input")
    taps, dilation = geometry.kernel_extents[axis], geometry.dilation[axis]
    span = (outputs.stop - outputs.start - 1) * geometry.stride[axis]
    # In the part, output o reads by tap r the position o stride + r dilation - low.
    first = max(0, -(-(low - span) // dilation))
    last = min(taps, (stop - start - 1 + low) // dilation + 1)
    padding = low - first * dilation, after - (taps - last) * dilation
    return Reach(outputs, slice(first, last), padding)
