"""Wrong numbers for a class of problems only: tails, gaps, unusual axes, unusual magnitudes."""

from math import gcd, prod

import numpy as np

from .base import TapConvolution, Wrapped, caught_by


@caught_by("exact_integers")
class TileTail(TapConvolution):
    """A row of 16 m + 1 outputs, m > 0, leaves out the last."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        extent = output.shape[-1]
        if extent > 16 and extent % 16 == 1:
            output[..., -1] = 0


@caught_by("exact_integers")
class InChannelTail(TapConvolution):
    """The odd channel after eight or more pairs of input channels of a group is left out."""

    def _forward(self, input, weight, output):
        channels = weight.shape[1]
        if channels > 8 and channels % 2:
            weight = weight.copy()
            weight[:, -1] = 0
        super()._forward(input, weight, output)


@caught_by("exact_integers")
class OutChannelTail(TapConvolution):
    """The gradient of output channels after the last whole block of eight is zero."""

    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        whole = grad_weight.shape[0] // 8 * 8
        if whole:
            grad_weight[whole:] = 0


@caught_by("exact_integers")
class ChannelBlocks(TapConvolution):
    """From 33 input channels of a group on, each block of 32 overwrites the sum before."""

    def _forward(self, input, weight, output):
        channels = weight.shape[1]
        if channels > 32:
            weight = weight.copy()
            weight[:, : (channels - 1) // 32 * 32] = 0
        super()._forward(input, weight, output)


@caught_by("large_problems")
class LargeProblem(TapConvolution):
    """Beyond 2**20 operations, tiles of eight rows are summed without their last halo row."""

    def _grad_input(self, grad_output, weight, grad_input):
        super()._grad_input(grad_output, weight, grad_input)
        if self.geometry.flop > 2**20:
            grad_input[:, :, 7::8] = 0


@caught_by("exact_integers")
class LongKernel(TapConvolution):
    """Taps after the eighth along an axis are left out."""

    def taps(self):
        return (entry for entry in super().taps() if max(entry[0]) < 8)


@caught_by("exact_integers")
class HighRank(TapConvolution):
    """From rank 5 on, the last axis of the weight is flipped, in all three operations."""

    def taps(self):
        for tap, read, written in super().taps():
            last = self.geometry.kernel_extents[-1] - 1 - tap[-1]
            yield (tap if len(tap) < 5 else (*tap[:-1], last)), read, written


@caught_by("exact_integers")
class CommonFactor(TapConvolution):
    """Strided and dilated with a common factor, grad_input skips the odd taps of the axis."""

    def _grad_input(self, grad_output, weight, grad_input):
        p = self.geometry
        for axis, (stride, dilation) in enumerate(zip(p.stride, p.dilation, strict=True)):
            if gcd(stride, dilation) > 1:
                weight = weight.copy()
                np.moveaxis(weight, axis + 2, 0)[1::2] = 0
        super()._grad_input(grad_output, weight, grad_input)


@caught_by("out_overwritten")
class KeptEdges(TapConvolution):
    """What the last stride does not reach keeps what `out` held, in grad_input."""

    def _grad_input(self, grad_output, weight, grad_input):
        p, held = self.geometry, grad_input.copy()
        super()._grad_input(grad_output, weight, grad_input)
        for axis in range(p.spatial_rank):
            rest = (p.padded_extents[axis] - p.receptive_field[axis]) % p.stride[axis]
            unread = rest - p.padding[axis][1]
            if unread > 0:
                where = (slice(None),) * (axis + 2) + (slice(-unread, None),)
                grad_input[where] = held[where]


@caught_by("out_overwritten")
class KeptTaps(TapConvolution):
    """Taps that meet nothing but padding keep what `out` held, in grad_weight."""

    def _grad_weight(self, grad_output, input, grad_weight):
        met = {tap for tap, _, _ in self.taps()}
        held = grad_weight.copy()
        super()._grad_weight(grad_output, input, grad_weight)
        for tap in np.ndindex(*self.geometry.kernel_extents):
            if tap not in met:
                grad_weight[(..., *tap)] = held[(..., *tap)]


@caught_by("out_overwritten")
class KeptOutputs(TapConvolution):
    """Outputs that read nothing but padding keep what `out` held."""

    def _forward(self, input, weight, output):
        met, held = np.zeros(self.geometry.output_extents, bool), output.copy()
        for _, _, written in self.taps():
            met[written] = True
        super()._forward(input, weight, output)
        output[..., ~met] = held[..., ~met]


@caught_by("groups_concatenate")
class MultiplierOrder(TapConvolution):
    """Depthwise with a channel multiplier, the output channels have TensorFlow 1's other order."""

    def grouped(self, input, weight, output):
        x, w, y = super().grouped(input, weight, output)
        groups, outputs, inputs = w.shape[:3]
        if inputs == 1 and groups > 1:
            shape = (y.shape[0], outputs, groups, *y.shape[3:])
            y = output.reshape(shape).swapaxes(1, 2)
        return x, w, y


@caught_by("exact_integers")
class GroupedConjugate(TapConvolution):
    """With groups, grad_weight conjugates its first operand."""

    def _grad_weight(self, grad_output, input, grad_weight):
        first = grad_output if self.geometry.groups == 1 else grad_output.conj()
        super()._grad_weight(first, input, grad_weight)


@caught_by("wrapping_integers")
class SaturatedBytes(TapConvolution):
    """Unsigned bytes saturate at 255 instead of wrapping."""

    def add(self, target, where, axes, first, second):
        if target.dtype != np.uint8:
            return super().add(target, where, axes, first, second)
        part = target[(..., *where)]
        product = np.einsum(axes, first.astype(int), second.astype(int))
        target[(..., *where)] = np.minimum(part + product, 255)
        return None


@caught_by("error_bound")
class NarrowLongSums(TapConvolution):
    """Sums of more than 100 complex128 products are accumulated in complex64."""

    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        long = self.geometry.accumulation_length("grad_weight") > 100
        if long and self.dtype == np.complex128:
            grad_weight[...] = grad_weight.astype(np.complex64)


@caught_by("error_bound_scaled")
class ThreeProducts(TapConvolution):
    """Complex products take three real ones: unequal real and imaginary parts lose digits."""

    def add(self, target, where, axes, first, second):
        if target.dtype.kind != "c":
            return super().add(target, where, axes, first, second)
        (a, b), (c, d) = (first.real, first.imag), (second.real, second.imag)
        shared = np.einsum(axes, a + b, c)
        target[(..., *where)].real += shared - np.einsum(axes, b, c + d)
        target[(..., *where)].imag += shared + np.einsum(axes, a, d - c)
        return None


@caught_by("error_bound_scaled")
class Centred(TapConvolution):
    """Dense 3-tap kernels take the mean of the input apart: beside an outlier digits are lost."""

    def _forward(self, input, weight, output):
        p = self.geometry
        super()._forward(input, weight, output)
        if set(p.kernel_extents) == {3} and set(p.stride) == {1} and self.dtype.kind == "f":
            mean = input.mean()
            if np.isfinite(mean):
                around, level = np.empty_like(output), np.full_like(input, mean)
                super()._forward(input - mean, weight, around)
                super()._forward(level, weight, output)
                output += around


@caught_by("extreme_exponents")
class FlushedResults(Wrapped):
    """Subnormal results are flushed to zero."""

    def around(self, compute, first, second, result):
        compute(first, second, result)
        if self.dtype.kind in "fc":
            parts = result.view(result.real.dtype)
            parts[np.abs(parts) < np.finfo(parts.dtype).tiny] = 0


@caught_by("error_bound_scaled")
class BlockFloat(Wrapped):
    """Operands are rounded to 2**-31, in single precision, of their largest element."""

    def around(self, compute, first, second, result):
        compute(self.rounded(first), self.rounded(second), result)

    def rounded(self, array):
        parts = array.view(array.real.dtype)
        if parts.dtype != np.float32 or not np.isfinite(parts).all() or not parts.any():
            return array
        _, top = np.frexp(np.abs(parts).max())
        kept = np.ldexp(np.rint(np.ldexp(parts.astype(float), 31 - top)), top - 31)
        return kept.astype(parts.dtype).view(array.dtype)


@caught_by("nonfinite")
class ClippedInfinity(Wrapped):
    """Infinite results become the largest finite number."""

    def around(self, compute, first, second, result):
        compute(first, second, result)
        if self.dtype.kind in "fc":
            np.nan_to_num(result, copy=False, nan=np.nan)


@caught_by("nonfinite")
class LeakedNan(TapConvolution):
    """In grad_weight a NaN reaches the tap before it, as a product with a zero."""

    def _grad_weight(self, grad_output, input, grad_weight):
        super()._grad_weight(grad_output, input, grad_weight)
        if self.dtype.kind in "fc":
            grad_weight[..., :-1] += 0 * grad_weight[..., 1:].copy()


@caught_by("exact_integers")
class KernelBeyondInput(TapConvolution):
    """Where a kernel has more taps than the input has elements, the last tap is left out."""

    def taps(self):
        p = self.geometry
        longer = [r > s for r, s in zip(p.kernel_extents, p.input_extents, strict=True)]
        for tap, read, written in super().taps():
            pairs = zip(tap, p.kernel_extents, longer, strict=True)
            if not any(is_longer and t == r - 1 for t, r, is_longer in pairs):
                yield tap, read, written


class Respanned(TapConvolution):
    """A tap's place with the numbers of the axis that `numbers` gives."""

    def span(self, axis, r):
        p, (stride, dilation, before) = self.geometry, self.numbers(axis)
        offset = r * dilation - before
        first = max(0, -(offset // stride))
        last = min(p.output_extents[axis], (p.input_extents[axis] - 1 - offset) // stride + 1)
        if first >= last:
            return None
        start = first * stride + offset
        return slice(start, start + (last - first - 1) * stride + 1, stride), slice(first, last)

    def numbers(self, axis):
        p = self.geometry
        return p.stride[axis], p.dilation[axis], p.padding[axis][0]


@caught_by("dilation_stuffs_zeros")
class DilatedPoint(Respanned):
    """An axis with a single tap is dilated all the same: it reads `dilation - 1` too far."""

    def numbers(self, axis):
        stride, dilation, before = super().numbers(axis)
        extra = dilation - 1 if self.geometry.kernel_extents[axis] == 1 else 0
        return stride, dilation, before - extra


@caught_by("dilation_stuffs_zeros")
class SwappedDilation(Respanned):
    """In rank 3 the dilations of the last two axes are swapped."""

    def numbers(self, axis):
        stride, dilation, before = super().numbers(axis)
        if self.geometry.spatial_rank == 3 and axis:
            dilation = self.geometry.dilation[3 - axis]
        return stride, dilation, before


@caught_by("exact_integers")
class SingleOutput(TapConvolution):
    """Where every output extent is 1, grad_weight sees only the last two samples."""

    def _grad_weight(self, grad_output, input, grad_weight):
        if prod(self.geometry.output_extents) == 1:
            grad_output = grad_output.copy()
            grad_output[:-2] = 0
        super()._grad_weight(grad_output, input, grad_weight)


@caught_by("out_overwritten")
class WideStride(TapConvolution):
    """Of strides beyond the receptive field, grad_input leaves the gaps as `out` held them."""

    def _grad_input(self, grad_output, weight, grad_input):
        p, held = self.geometry, grad_input.copy()
        read_by = np.zeros(p.input_extents, bool)
        for _, read, _ in self.taps():
            read_by[read] = True
        super()._grad_input(grad_output, weight, grad_input)
        if any(s > f for s, f in zip(p.stride, p.receptive_field, strict=True)):
            grad_input[..., ~read_by] = held[..., ~read_by]
