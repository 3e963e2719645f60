"""What is convolved: extents, strides, dilations, groups, and padding as a user writes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from random import Random

# Products in one result set, usually and in one of `LARGE_ONE_IN` problems; and taps, which the
# oracle visits one by one.
SMALL, LARGE, LARGE_ONE_IN = 10_000, 2_000_000, 60
MOST_TAPS, MOST_ELEMENTS = 800, 200_000
# Extents of an axis by spatial rank, usual and long.
EXTENTS = {1: (40, 2000), 2: (12, 90), 3: (7, 16), 4: (5, 7)}
KERNELS = {1: 700, 2: 31, 3: 9, 4: 5}
CHANNELS = (1, 1, 1, 2, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)
FAR = 10**12


@dataclass(frozen=True)
class Axis:
    """One spatial axis: extents, steps and (before, after)."""

    extent: int
    taps: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def field(self) -> int:
        """Input span of one output."""
        return self.dilation * (self.taps - 1) + 1

    @property
    def padded(self) -> int:
        """Extent with the padding."""
        return self.extent + self.before + self.after

    @cached_property
    def outputs(self) -> int:
        """Output extent; an empty padded axis gives an empty one."""
        return (self.padded - self.field) // self.stride + 1 if self.padded else 0

    @property
    def valid(self) -> bool:
        """Whether no more is cropped than there is, and a receptive field fits."""
        cropped = max(0, -self.before) + max(0, -self.after)
        fits = self.padded == 0 or self.padded >= self.field
        return self.taps > 0 and cropped <= self.extent and fits

    def transposed(self, output_padding: int) -> Axis:
        """The axis whose outputs are this one's, and whose extent is what the adjoint gives."""
        full = (self.outputs - 1) * self.stride + self.field + output_padding
        axis = replace(self, extent=full - self.before - self.after)
        vars(axis)["outputs"] = self.outputs  # output padding may have made room for more
        return axis


@dataclass(frozen=True)
class Problem:
    """A convolution; `inputs` and `outputs` are the channels of one group."""

    batch: int
    groups: int
    inputs: int
    outputs: int
    axes: tuple[Axis, ...]
    padding: object  # as it is handed over

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.axes)

    @property
    def valid(self) -> bool:
        """Whether it is a convolution at all."""
        return all(axis.valid for axis in self.axes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(N, C, *S)."""
        return (self.batch, self.groups * self.inputs, *(a.extent for a in self.axes))

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """(K, C / groups, *R)."""
        return (self.groups * self.outputs, self.inputs, *(a.taps for a in self.axes))

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(N, K, *O)."""
        return (self.batch, self.groups * self.outputs, *(a.outputs for a in self.axes))

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Padding (before, after) of each axis."""
        return tuple((axis.before, axis.after) for axis in self.axes)

    @property
    def steps(self) -> dict[str, object]:
        """Keyword arguments of a call."""
        return {
            "stride": tuple(axis.stride for axis in self.axes),
            "dilation": tuple(axis.dilation for axis in self.axes),
            "groups": self.groups,
            "padding": self.padding,
        }

    @property
    def products(self) -> int:
        """Products of an operation."""
        shape = prod(max(0, n) for n in self.output_shape)
        return shape * self.inputs * prod(a.taps for a in self.axes)

    def extended(self) -> Problem:
        """The problem without padding that is left once the input has been extended."""
        axes = tuple(replace(a, extent=a.padded, before=0, after=0) for a in self.axes)
        return replace(self, axes=axes, padding=0)


def draw_problem(r: Random) -> Problem:
    """A problem that is small enough; seldom one that is none."""
    most = LARGE if r.randrange(LARGE_ONE_IN) == 0 else SMALL
    while True:
        problem = _draw(r, most == LARGE)
        arrays = (problem.input_shape, problem.weight_shape, problem.output_shape)
        arrays += (problem.extended().input_shape,)
        small = all(prod(max(1, n) for n in shape) <= MOST_ELEMENTS for shape in arrays)
        taps = prod(axis.taps for axis in problem.axes)
        if small and problem.products <= most and taps <= MOST_TAPS:
            return problem


def _draw(r: Random, large: bool) -> Problem:
    rank = r.choices((1, 2, 3, 4), (4, 6, 2, 1))[0]
    name = r.choice(("valid", "same", "same_lower", "full")) if r.random() < 0.25 else None
    shared = draw_axis(r, rank, large) if r.random() < 0.3 else None
    axes = tuple(shared or draw_axis(r, rank, large) for _ in range(rank))
    if name is not None:
        axes = tuple(named(axis, name) for axis in axes)
    batch, inputs, outputs = r.choice((1, 1, 1, 2, 3, 5)), r.choice(CHANNELS), r.choice(CHANNELS)
    groups = r.choice((1, 1, 1, 1, 1, 2, 3, 4))
    if r.random() < 0.1:
        groups, inputs, outputs = r.randint(1, 33), 1, r.choice((1, 1, 2))
    if r.random() < 0.02:
        empty = r.choice(((0, inputs, outputs), (batch, 0, outputs), (batch, inputs, 0)))
        batch, inputs, outputs = empty
    pairs = tuple((axis.before, axis.after) for axis in axes)
    return Problem(batch, groups, inputs, outputs, axes, name or written(r, pairs))


def draw_axis(r: Random, rank: int, large: bool) -> Axis:
    """An axis; nearly always one with room for the receptive field."""
    usual, long = EXTENTS[rank]
    extent = r.randint(1, long if large or r.random() < 0.1 else usual)
    taps = r.choice((1, 1, 2, 3, 3, 3, 4, 5))
    if r.random() < (0.5 if large else 0.1):
        taps = r.randint(1, KERNELS[rank])
    stride = r.choice((1, 1, 1, 1, 2, 2, 3, 4, 7))
    dilation = r.choice((1, 1, 1, 1, 2, 3))
    style = r.random()
    if style < 0.02:
        stride = FAR
    elif style < 0.03:
        dilation = FAR if taps == 1 else 1
    elif style < 0.035:
        extent = 0
    elif style < 0.037:
        taps = 0
    before = after = 0
    if r.random() < 0.5:
        before, after = r.randint(-2, 4), r.randint(-2, 4)
        if r.random() < 0.3:
            after = before
        if r.random() < 0.05:
            before = r.randint(0, 3 * usual)
    return _fitted(r, Axis(extent, taps, stride, dilation, before, after))


def _fitted(r: Random, axis: Axis) -> Axis:
    """The axis with room for one output at least, or just for that, or left as it is."""
    style = r.random()
    if style < 0.01:
        return axis
    crop = max(0, -axis.before) + max(0, -axis.after)
    axis = replace(axis, extent=max(axis.extent, crop))
    if style < 0.02:
        return replace(axis, before=-axis.extent, after=0)
    missing = axis.field - axis.padded
    if missing > 0 or style < 0.12:
        if missing > 40 or axis.after < 0:
            return replace(axis, extent=max(crop, axis.extent + missing))
        return replace(axis, after=axis.after + missing) if axis.after + missing >= 0 else axis
    return axis


def named(axis: Axis, name: str) -> Axis:
    """The axis with the padding that a name stands for."""
    span, outputs = axis.field - 1, -(-axis.extent // axis.stride)
    if name == "valid":
        return replace(axis, before=0, after=0)
    if name == "full":
        return replace(axis, before=span, after=span)
    total = max(0, (outputs - 1) * axis.stride + span + 1 - axis.extent) if axis.extent else 0
    halves = total // 2, total - total // 2
    before, after = halves if name == "same" else halves[::-1]
    return replace(axis, before=before, after=after)


def written(r: Random, pairs: tuple[tuple[int, int], ...]) -> object:
    """Padding in one of the ways that say the same."""
    ways: list[object] = [pairs, [list(pair) for pair in pairs]]
    if all(before == after for before, after in pairs):
        ways.append(tuple(before for before, _ in pairs))
        if len(set(pairs)) == 1:
            ways.append(pairs[0][0])
    return r.choice(ways)
