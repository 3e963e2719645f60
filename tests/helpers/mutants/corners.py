"""Broken where two extremes of a problem meet, and nowhere else."""

import numpy as np

from .base import TapConvolution, Wrapped, caught_by
from .numbers import Bent


@caught_by("extremes")
class SingleFilter(TapConvolution):
    """A single filter takes a path of its own, with room for sixteen channels."""

    def grouped(self, input, weight, output):
        x, w, y = super().grouped(input, weight, output)
        single = self.geometry.out_channels == 1
        return (x[:, :, :16], w[:, :, :16], y) if single else (x, w, y)


@caught_by("extremes")
class SingleRowOfTaps(TapConvolution):
    """In rank 2 a kernel of one row and several columns is run over the rows."""

    def taps(self):
        extents = self.geometry.kernel_extents
        flip = len(extents) == 2 and extents[0] == 1
        for (*rows, column), read, written in super().taps():
            yield (*rows, extents[1] - 1 - column if flip else column), read, written


@caught_by("extremes")
class StrideOfFourBits(Bent):
    def bend(self, geometry):
        return {"stride": tuple(s % 16 or 1 for s in geometry.stride)}


@caught_by("extremes")
class DilationOfSevenBits(Bent):
    def bend(self, geometry):
        return {"dilation": tuple(d % 128 for d in geometry.dilation)}


class Cornered(Wrapped):
    """The last column is wrong in a corner."""

    def around(self, compute, first, second, result):
        compute(first, second, result)
        if self.corner(self.geometry):
            result[..., -1] += 1

    def corner(self, geometry):
        raise NotImplementedError


@caught_by("extremes")
class SingleRowOfResults(Cornered):
    """One row of many results: what is left over of a block of sixteen."""

    def corner(self, geometry):
        extents = geometry.output_extents
        return len(extents) == 2 and extents[0] == 1 and extents[1] > 16


@caught_by("extremes")
class GroupsOfSevenBits(Cornered):
    """The count of groups is a signed byte."""

    def corner(self, geometry):
        return geometry.groups > 127


@caught_by("extremes")
class ManySamplesOfManyColumns(Cornered):
    """Samples and columns share a counter of fifteen bits."""

    def corner(self, geometry):
        return geometry.batch * geometry.output_extents[-1] > 2**15


@caught_by("extremes")
class OddSamplesOfOddGroups(Cornered):
    """Blocks of eight samples by eight groups, whose two remainders are taken for one."""

    def corner(self, geometry):
        return all(n > 8 and n % 2 for n in (geometry.batch, geometry.groups))


@caught_by("extremes")
class PointwiseStrideOverACrop(TapConvolution):
    """A single tap is copied at every third place, beyond a crop after the axis too."""

    def _grad_input(self, grad_output, weight, grad_input):
        super()._grad_input(grad_output, weight, grad_input)
        p = self.geometry
        axis = zip(p.kernel_extents, p.stride, p.padding, strict=True)
        if any(r == 1 and stride == 3 and after < 0 for r, stride, (_, after) in axis):
            grad_input[..., -1] = 7


@caught_by("extremes")
class DilatedLongUnsigned(TapConvolution):
    """Weight gradients of one integer dtype pass through a narrower one where taps are apart."""

    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        if self.dtype == np.uint64 and max(self.geometry.dilation) > 4:
            grad_weight[...] = grad_weight.astype(np.uint32)


@caught_by("extremes")
class ManyFiltersOfSingleTaps(TapConvolution):
    """A matrix product of the filters, whose panels hold two hundred at most."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        if weight[0, 0].size == 1 and self.geometry.group_out_channels > 200:
            output[:, 200:] = 0
