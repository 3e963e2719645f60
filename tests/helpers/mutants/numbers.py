"""Mutants that compute something else."""

from types import SimpleNamespace

import numpy as np

from .base import TapConvolution, Wrapped, caught_by


@caught_by("exact_integers")
class DropsLastTapOfEvenKernels(TapConvolution):
    def taps(self):
        for tap, read, written in super().taps():
            pairs = zip(tap, self.geometry.kernel_extents, strict=True)
            if not any(r and r == extent - 1 and extent % 2 == 0 for r, extent in pairs):
                yield tap, read, written


class Bent(TapConvolution):
    """Places the taps as another stride, dilation or padding would; all shapes stay."""

    def bend(self, geometry):
        return {}

    def span(self, axis, r):
        names = ("input_extents", "output_extents", "kernel_extents", *PLACING)
        bent = SimpleNamespace(**{name: getattr(self.geometry, name) for name in names})
        vars(bent).update(self.bend(self.geometry))
        return TapConvolution.span(SimpleNamespace(geometry=bent), axis, r)


PLACING = ("stride", "dilation", "padding")


@caught_by("exact_integers")
class SwapsPadding(Bent):
    def bend(self, geometry):
        return {"padding": tuple((after, before) for before, after in geometry.padding)}


@caught_by("exact_integers")
class IgnoresCrops(Bent):
    def bend(self, geometry):
        return {"padding": tuple((max(0, before), after) for before, after in geometry.padding)}


@caught_by("exact_integers")
class ForgetsDilationWhereItMeetsStride(Bent):
    def bend(self, geometry):
        meet = max(geometry.stride) > 1 and max(geometry.dilation) > 1
        return {"dilation": (1,) * geometry.spatial_rank} if meet else {}


@caught_by("exact_integers")
class TakesFirstStrideForAllAxes(Bent):
    def bend(self, geometry):
        return {"stride": (geometry.stride[0],) * geometry.spatial_rank}


@caught_by("exact_integers")
class ForgetsDilationOfEvenKernelsInRankTwo(Bent):
    def bend(self, geometry):
        hit = geometry.kernel_extents == (4, 2)
        return {"dilation": (1, 1)} if hit else {}


@caught_by("exact_integers")
class ExchangesAxesOfCubes(TapConvolution):
    def taps(self):
        for tap, read, written in super().taps():
            cube = len(tap) == 3 and len(set(self.geometry.kernel_extents)) == 1
            yield (tap[0], tap[2], tap[1]) if cube else tap, read, written


@caught_by("exact_integers")
class FlipsKernel(TapConvolution):
    def taps(self):
        for tap, read, written in super().taps():
            extents = self.geometry.kernel_extents
            yield tuple(n - 1 - r for r, n in zip(tap, extents, strict=True)), read, written


@caught_by("exact_integers")
class ReversesGroups(TapConvolution):
    def grouped(self, input, weight, output):
        x, w, y = super().grouped(input, weight, output)
        return x, w[::-1], y


@caught_by("exact_integers")
class ExchangesOutputsOfMultipliers(TapConvolution):
    def grouped(self, input, weight, output):
        x, w, y = super().grouped(input, weight, output)
        return (x, w[:, ::-1], y) if x.shape[2] == 1 and x.shape[1] > 1 else (x, w, y)


@caught_by("exact_integers")
class RepeatsFirstSample(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        if result.shape[0] == 3 and self.geometry.batch == 3:
            result[2] = result[0]


@caught_by("exact_integers")
class ForgetsChannelsBeyondSixteen(TapConvolution):
    def grouped(self, input, weight, output):
        x, w, y = super().grouped(input, weight, output)
        return x[:, :, :16], w[:, :, :16], y


@caught_by("exact_integers")
class WrongBeyondSixtyFourColumns(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        result[..., 65:] = 0


@caught_by("exact_integers")
class WrongInComplexSingle(Wrapped):
    def around(self, compute, first, second, result):
        second = second.real.astype(second.dtype) if second.dtype == np.complex64 else second
        compute(first, second, result)


@caught_by("exact_integers")
class ConjugatesWeight(TapConvolution):
    def _forward(self, input, weight, output):
        super()._forward(input, weight.conj(), output)


@caught_by("exact_integers")
class LastRowOfRankFour(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        if result.ndim == 6:
            result[..., -1, :] *= 2


@caught_by("large_problems")
class ForgetsChannelsBeyondSixtyFour(TapConvolution):
    def grouped(self, input, weight, output):
        x, w, y = super().grouped(input, weight, output)
        return x[:, :, :64], w[:, :, :64], y


@caught_by("large_problems")
class WrongBeyondThirtyTwoSamples(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        if self.geometry.batch > 32:
            result[-1] = 0


@caught_by("empty_operands")
class LeavesEmptyProblemsAlone(TapConvolution):
    def grad_input(self, grad_output, weight, *, out=None):
        if self.geometry.degenerate and out is not None:
            return out
        return super().grad_input(grad_output, weight, out=out)


@caught_by("empty_operands")
class SharesAmongNoSamples(TapConvolution):
    def workspace_bytes(self, operation):
        return (1 << 20) // self.geometry.batch


@caught_by("adjoint_identity")
class GradientOfAnotherProblem(TapConvolution):
    def _grad_input(self, grad_output, weight, grad_input):
        super()._grad_input(grad_output, weight, grad_input)
        grad_input *= 2


@caught_by("linearity")
class AddsOne(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        result += 1
