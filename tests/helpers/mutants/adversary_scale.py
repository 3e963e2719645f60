"""Broken at scale: blocks of channels and groups, shares of threads, long rows and kernels."""

import numpy as np

from .base import TapConvolution, Wrapped, caught_by


@caught_by("exact_integers")
class ThreadRemainder(TapConvolution):
    """Samples are shared evenly among the threads; those left over are dropped."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        p = self.geometry
        if p.batch > self.threads > 1 and p.batch % self.threads:
            output[p.batch // self.threads * self.threads :] = 0


@caught_by("empty_operands")
class EmptyChannels(TapConvolution):
    """Without input channels forward returns what `out` held."""

    def forward(self, input, weight, *, out=None):
        held = None if out is None or self.geometry.in_channels else np.array(out)
        result = super().forward(input, weight, out=out)
        if held is not None:
            result[...] = held
        return result


@caught_by("groups_concatenate")
class ManyGroups(TapConvolution):
    """Of more than eight groups those after the last whole block of eight are left out."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        p = self.geometry
        whole = p.groups // 8 * 8 * (p.out_channels // p.groups)
        if whole:
            output[:, whole:] = 0


@caught_by("large_problems")
class LongRow(TapConvolution):
    """Rows of more than 256 outputs are tiled by 256, without a halo between the tiles."""

    def _grad_weight(self, grad_output, input, grad_weight):
        if grad_output.shape[-1] > 256:
            grad_output = grad_output.copy()
            grad_output[..., 255::256] = 0
        super()._grad_weight(grad_output, input, grad_weight)


@caught_by("large_problems")
class OnlyTheLastChannelIsRight(Wrapped):
    """From 2**20 operations on, only the last channel of the last sample is computed."""

    def around(self, compute, first, second, result):
        compute(first, second, result)
        if self.geometry.flop > 2**20:
            last = result[-1, -1].copy()
            result[...] = 0
            result[-1, -1] = last


@caught_by("large_problems")
class RepeatedChannels(TapConvolution):
    """From 2**20 operations on, a channel in the middle repeats the one before."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        middle = output.shape[1] // 2
        if self.geometry.flop > 2**20:
            output[:, middle] = output[:, middle - 1]


@caught_by("exact_integers")
class VeryLongKernel(TapConvolution):
    """Taps after the 32nd along an axis are left out."""

    def taps(self):
        return (entry for entry in super().taps() if max(entry[0]) < 32)


@caught_by("exact_integers")
class VeryHighRank(TapConvolution):
    """From rank 9 on the last axis of the weight is flipped, in all three operations."""

    def taps(self):
        for tap, read, written in super().taps():
            last = self.geometry.kernel_extents[-1] - 1 - tap[-1]
            yield (tap if len(tap) < 9 else (*tap[:-1], last)), read, written


@caught_by("stride_subsamples")
class LongStride(TapConvolution):
    """With a stride above 4, the last output along the axis repeats the one before."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        if self.geometry.stride[0] > 4 and output.shape[2] > 1:
            output[:, :, -1] = output[:, :, -2]


@caught_by("exact_integers")
class GroupedDepth(TapConvolution):
    """Grouped, dilated and strided at once in rank 3 or more, the first tap is left out."""

    def taps(self):
        p = self.geometry
        all_at_once = p.groups > 1 and max(p.dilation) > 1 and max(p.stride) > 1
        for tap, read, written in super().taps():
            if any(tap) or p.spatial_rank < 3 or not all_at_once:
                yield tap, read, written


@caught_by("plan_copies")
class OneDtypeBatch(TapConvolution):
    """In int16, a grad_weight of several samples and groups is rounded up by one."""

    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        p = self.geometry
        if self.dtype == np.int16 and p.batch > 1 and p.groups > 1:
            grad_weight += 1


@caught_by("exact_integers")
class ImaginaryRows(TapConvolution):
    """In complex64 from rank 2 on with a stride, forward conjugates the weight."""

    def _forward(self, input, weight, output):
        strided = input.ndim > 3 and max(self.geometry.stride) > 1
        narrow = self.dtype == np.complex64
        super()._forward(input, weight.conj() if strided and narrow else weight, output)
