"""Broken for what lies between the usual: tails, shifts, zeros, long integers, foreign dtypes."""

from math import prod

import numpy as np

from .adversary import Respanned
from .base import TapConvolution, Wrapped, caught_by


@caught_by("exact_integers")
class BatchTail(TapConvolution):
    """More than four samples are taken in fours, and what is left over repeats its first."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        whole = self.geometry.batch // 4 * 4
        if whole:
            output[whole + 1 :] = output[whole : whole + 1]


@caught_by("long_integers")
class FloatIntegers(Wrapped):
    """64-bit integers are multiplied in float64, exact up to 2**53 only."""

    def add(self, target, where, axes, first, second):
        product = np.einsum(axes, first, second)
        if target.dtype.kind in "iu" and target.dtype.itemsize == 8:
            exact = np.einsum(axes, first.astype(float), second.astype(float))
            if np.abs(exact).max(initial=0) < 2.0**63:
                product = exact.astype(target.dtype)
        target[(..., *where)] += product


@caught_by("nonfinite")
class SkippedZeros(TapConvolution):
    """Taps whose weights are all zero are skipped, and NaN in the input that they meet is lost."""

    def add(self, target, where, axes, first, second):
        if axes.endswith("ngk...") and not second.any():
            return
        super().add(target, where, axes, first, second)


@caught_by("exact_integers")
class CroppedThenPadded(Respanned):
    """From the second axis on, a crop before is forgotten where there is padding after."""

    def numbers(self, axis):
        stride, dilation, before = super().numbers(axis)
        if axis and before < 0 < self.geometry.padding[axis][1]:
            before = 0
        return stride, dilation, before


@caught_by("exact_integers")
class PaddedPointwise(Respanned):
    """Kernels of a single tap take a path that knows strides and no padding."""

    def numbers(self, axis):
        stride, dilation, before = super().numbers(axis)
        single = prod(self.geometry.kernel_extents) == 1
        return stride, dilation, 0 if single and stride > 1 else before


@caught_by("many_calls")
class CallCounter(Wrapped):
    """Counts the calls of a plan in a signed byte; the result of the 128th is negated."""

    def around(self, compute, first, second, result):
        compute(first, second, result)
        calls = self.__dict__["_calls"] = self.__dict__.get("_calls", 0) + 1
        if calls % 128 == 0:
            np.negative(result, out=result)


@caught_by("estimate_grows")
class WrappedEstimate(TapConvolution):
    """Estimates from a 32-bit count of operations: negative or tiny beyond 2**31."""

    @classmethod
    def estimate(cls, geometry, dtype, operation, *, threads):
        return ((geometry.flop + 2**31) % 2**32 - 2**31) * 1e-9


@caught_by("empty_operands")
class CroppedAway(TapConvolution):
    """Where padding crops everything, grad_input returns what `out` held."""

    def grad_input(self, grad_output, weight, *, out=None):
        gone = out is not None and not prod(self.geometry.output_extents)
        held = np.array(out) if gone else None
        result = super().grad_input(grad_output, weight, out=out)
        if gone:
            result[...] = held
        return result


@caught_by("exact_integers")
class ManyChannels(TapConvolution):
    """From 129 input channels of a group on, each block of 128 overwrites the sum before."""

    def _forward(self, input, weight, output):
        channels = weight.shape[1]
        if channels > 128:
            weight = weight.copy()
            weight[:, : (channels - 1) // 128 * 128] = 0
        super()._forward(input, weight, output)


@caught_by("bad_operands_refused")
class TakesForeignOperands(TapConvolution):
    """Looks at the size of an element and its byte order, and takes any bits for numbers."""

    def grad_input(self, grad_output, weight, *, out=None):
        return super().grad_input(taken(grad_output, self.dtype), weight, out=out)


@caught_by("bad_out_refused")
class TakesForeignOut(TapConvolution):
    """The same for `out`."""

    def forward(self, input, weight, *, out=None):
        result = super().forward(input, weight, out=taken(out, self.dtype))
        return result if out is None else out


def taken(array, dtype):
    """`array` as if it were of `dtype`, if its elements have that size and byte order."""
    fits = type(array) is np.ndarray and array.dtype.isnative and array.itemsize == dtype.itemsize
    return array.view(dtype) if fits and not array.dtype.hasobject else array
