"""Any stride and dilation, split without waste into dense problems of stride 1 and dilation 1.

On one axis the forward convolution is  y[o] = sum over r of  w[r] x[s o + d r - b].  With
g = gcd(s, d), s' = s / g, d' = d / g and L = s d / g (the least common multiple), write every
output and every tap by quotient and remainder,

    o = d' q + t,  0 <= t < d'        r = s' u + v,  0 <= v < s'

and the position that is read becomes  s o + d r - b = L (q + u) + (s t + d v - b), so that

    y_t[q] = sum over v, u of  w_v[u] x_tv[q + u]

where y_t, w_v and x_tv are y, w and x taken in steps of d', s' and L. For each t that is a dense
convolution, in which the stride phases v act as further channels. No zero of a dilated weight is
ever transformed, no output that the stride would drop is computed, and by the Chinese remainder
theorem no element of x belongs to two (t, v), so that the gradients are the plain adjoints:

    dx_tv[q + u] += w_v[u] y_t[q]        dw_v[u] = sum over t, q of  y_t[q] x_tv[q + u]

The first is a convolution of y_t with w_v flipped, which starts taps - 1 earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from convcore.plugin import Geometry

# A step no array is long enough to notice, in range of the integers that slices take.
_LARGEST_STEP = 2**62


class Grid(NamedTuple):
    """The positions start + step j of an array axis of some extent, for every integer j."""

    start: int
    step: int
    extent: int

    @property
    def first(self) -> int:
        """Smallest j whose position is not before the array."""
        return -(self.start // self.step)

    @property
    def stop(self) -> int:
        """Smallest j whose position is behind the array."""
        return (self.extent - 1 - self.start) // self.step + 1

    def overlap(self, begin: int, end: int) -> tuple[slice, slice] | None:
        """Where begin <= j < end meets the array: slices of the array and of j - begin."""
        low, high = max(begin, self.first), min(end, self.stop)
        if low >= high:
            return None
        start, step, _ = self
        near = slice(start + step * low, start + step * (high - 1) + 1, min(step, _LARGEST_STEP))
        return near, slice(low - begin, high - begin)


class Span(NamedTuple):
    """One tile on one axis: results begin <= j < end of dilation phase `unit`."""

    unit: int
    begin: int
    end: int


class Axis:
    """One spatial axis as dense problems, compared by identity: a quick key of the caches below.

    `adjoint` swaps the roles: results are then positions of the input, computed from the output.

    Attributes
    ----------
    steps : (int, int, int)
        L, s' and d': the steps in the input, the weight and the output.
    units : int
        Number of dense problems, one per dilation phase that has an output.
    phases : int
        Number of stride phases that have a tap.
    taps : int
        Taps of each stride phase (the last phases may have one less).
    results : int
        Upper bound of the results of one unit that can differ from zero.
    single : int
        Smallest transform that takes a whole unit: what wraps around meets only zeros.
    """

    def __init__(self, geometry: Geometry, number: int, *, adjoint: bool) -> None:
        inputs, taps = geometry.input_extents[number], geometry.kernel_extents[number]
        outputs, stride = geometry.output_extents[number], geometry.stride[number]
        dilation = geometry.dilation[number]
        # With a single tap the dilation means nothing, with a single output the stride does not.
        if taps == 1:
            dilation = stride
        elif outputs == 1:
            stride = dilation
        self.extents, self.before = (inputs, taps, outputs), geometry.padding[number][0]
        self.stride, self.dilation, self.adjoint = stride, dilation, adjoint
        common = gcd(stride, dilation)
        weight_step, output_step = stride // common, dilation // common
        input_step = stride * output_step
        self.steps = input_step, weight_step, output_step
        self.units, self.phases = min(output_step, outputs), min(weight_step, taps)
        self.taps = -(-taps // weight_step)
        # Upper bounds of the elements of one unit in the source and in the target.
        source = (inputs - 1 + dilation * (self.phases - 1)) // input_step + 1
        target = -(-outputs // output_step)
        if adjoint:
            source, target = target, source
        self.results = min(target, source + self.taps - 1)
        self.single = min(self.results, source) + self.taps - 1

    def input_grid(self, unit: int, phase: int) -> Grid:
        """x_tv, counted so that it is aligned with the tiles."""
        start = self.stride * unit + self.dilation * phase - self.before
        if self.adjoint:
            start += self.steps[0] * (self.taps - 1)
        return Grid(start, self.steps[0], self.extents[0])

    def output_grid(self, unit: int, phase: int = 0) -> Grid:
        """y_t."""
        return Grid(unit, self.steps[2], self.extents[2])

    def weight_grid(self, unit: int, phase: int) -> Grid:
        """w_v, the same for every unit."""
        return Grid(phase, self.steps[1], self.extents[1])

    def spans(self, length: int) -> Iterator[Span]:
        """Tiles of `length` results that cover everything that can differ from zero."""
        for unit in range(self.units):
            begin, end = _range(self, unit)
            for at in range(begin, end, length):
                yield Span(unit, at, min(at + length, end))


# Tiny problems spend most of a call on arithmetic like this, again and again the same.
@lru_cache(maxsize=1024)
def _range(axis: Axis, unit: int) -> tuple[int, int]:
    """First and last + 1 result of `unit` that lies in the target and meets the source."""
    x = axis.input_grid(unit, axis.phases - 1).first, axis.input_grid(unit, 0).stop
    y = 0, axis.output_grid(unit).stop
    source, target = (y, x) if axis.adjoint else (x, y)
    return max(target[0], source[0] - axis.taps + 1), min(target[1], source[1])


@lru_cache(maxsize=1024)
def overlap(
    grid: Callable[[Axis, int, int], Grid], axis: Axis, span: Span, phase: int
) -> tuple[slice, slice] | None:
    """Where `span` meets the array that `grid` describes, as `Grid.overlap` gives it."""
    return grid(axis, span.unit, phase).overlap(span.begin, span.end)
