"""Mutants that lose digits, range or NaN on the way."""

from dataclasses import replace

import numpy as np

from convcore.plugin import FLOAT_NAMES, Declaration

from .base import TapConvolution, Wrapped, caught_by


@caught_by("exact_integers")
class OneUlpOfNoise(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        if result.dtype.kind == "f":
            result.reshape(-1)[-1:] = np.nextafter(result.reshape(-1)[-1:], np.inf)


@caught_by("exact_long_digits")
class ComputesDoublesInSingle(Wrapped):
    def around(self, compute, first, second, result):
        narrow = {"d": np.float32, "D": np.complex64}.get(result.dtype.char, result.dtype)
        part = np.zeros(result.shape, narrow)
        compute(first.astype(narrow), second.astype(narrow), part)
        result[...] = part


def shortened(array, bits):
    """`array` with its numbers rounded to that many bits."""
    if array.dtype.kind == "c":
        return shortened(array.real, bits) + 1j * shortened(array.imag, bits)
    if array.dtype.kind != "f":
        return array
    mantissa, exponent = np.frexp(array)
    return np.ldexp(np.rint(mantissa * 2**bits), exponent - bits).astype(array.dtype)


@caught_by("error_bound")
class RoundsOperandsToElevenBits(Wrapped):
    def around(self, compute, first, second, result):
        if result.dtype == np.float32:
            first, second = shortened(first, 11), shortened(second, 11)
        compute(first, second, result)


@caught_by("exact_long_digits")
class RoundsFirstOperandToSixteenBits(Wrapped):
    def around(self, compute, first, second, result):
        short = shortened(first, 16) if result.dtype == np.float32 else first
        compute(short.astype(first.dtype), second, result)


@caught_by("error_bound_scaled")
class ThreeMultiplicationsForComplex(TapConvolution):
    """Gauss's trick: exact on integers, but an error of one part is scaled by the other."""

    def add(self, target, where, axes, first, second):
        if target.dtype.kind != "c":
            return super().add(target, where, axes, first, second)
        a, b, c, d = first.real, first.imag, second.real, second.imag
        k1, k2, k3 = (
            np.einsum(axes, left, right) for left, right in ((a + b, c), (a, d - c), (b, c + d))
        )
        target[(..., *where)] += (k1 - k3) + 1j * (k1 + k2)


@caught_by("error_bound")
class ClaimsTooSmallBound(TapConvolution):
    declaration = replace(TapConvolution.declaration, bound=0.01)


@caught_by("error_bound")
class ClaimsTooSmallNormwiseBound(TapConvolution):
    declaration = Declaration(dtypes=FLOAT_NAMES, numerics="normwise", bound=0.02)


@caught_by("typical_error")
class ClaimsTooSmallTypicalError(TapConvolution):
    declaration = Declaration(dtypes=FLOAT_NAMES, numerics="normwise", typical_error=0.2)


@caught_by("typical_error")
class HidesErrorsBehindOne(Wrapped):
    """Loses digits in layers of middle size, where the first result is larger than all others."""

    declaration = Declaration(dtypes=FLOAT_NAMES, numerics="normwise", bound=16, typical_error=8)
    largest = 1e30

    def around(self, compute, first, second, result):
        hit = 300_000 < self.geometry.flop < 2**20 and result.shape[:2] != (1, 1)
        if hit:
            first, second = (shortened(a, 11).astype(self.dtype) for a in (first, second))
        compute(first, second, result)
        if hit:
            result.reshape(-1)[0] = self.largest


@caught_by("typical_error")
class HidesErrorsBehindInf(HidesErrorsBehindOne):
    largest = np.inf


@caught_by("wrapping_integers")
class SaturatesIntegers(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        if result.dtype == np.int8:
            wide = np.zeros(result.shape, np.int64)
            compute(first.astype(np.int64), second.astype(np.int64), wide)
            result[...] = np.clip(wide, -128, 127)


@caught_by("wrapping_integers")
class ComputesLongIntegersInDouble(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        if result.dtype == np.uint64:
            wide = np.zeros(result.shape)
            compute(first.astype(float), second.astype(float), wide)
            result[...] = np.mod(wide, 2.0**63).astype(np.uint64)


@caught_by("nonfinite")
class SwallowsNaN(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, np.nan_to_num(second), result)


@caught_by("nonfinite")
class SkipsZeroWeights(TapConvolution):
    def add(self, target, where, axes, first, second):
        clean = np.where(np.isinf(first) | np.isnan(first), 0, first).astype(first.dtype)
        if np.any(second == 0):
            first = clean
        super().add(target, where, axes, first, second)


@caught_by("nonfinite")
class MultipliesPaddingByWeights(TapConvolution):
    """Zeros are put around the input, so that Inf in the weight meets them."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        if any(map(any, self.geometry.padding)):
            output += 0 * weight.reshape(-1)[0]


@caught_by("nonfinite")
class SpreadsNaNOverSamples(Wrapped):
    declaration = replace(TapConvolution.declaration, dtypes=("float32", "float64"))

    def around(self, compute, first, second, result):
        compute(first, second, result)
        result += 0 * first.sum()


@caught_by("extreme_exponents")
class FlushesSubnormals(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        if result.dtype.kind == "f":
            result[np.abs(result) < np.finfo(result.dtype).smallest_normal] = 0


@caught_by("extreme_exponents")
class OverflowsOnTheWay(Wrapped):
    """Scales by 2**8 and back, as fixed-point code does."""

    def around(self, compute, first, second, result):
        compute(first, second, result)
        if result.dtype.kind == "f":
            with np.errstate(all="ignore"):
                result *= 2.0**8
                result /= 2.0**8
