"""Broken where operands are huge, tiny, or not finite: by name, and where results are repaired."""

from dataclasses import replace

import numpy as np

from .base import TapConvolution, Wrapped, caught_by


class Copying(Wrapped):
    """Has room for copies of its operands."""

    def workspace_bytes(self, operation):
        shapes = self.geometry.operand_shapes(operation)
        copies = sum(np.prod(shape, dtype=object) for shape in shapes)
        return super().workspace_bytes(operation) + int(copies) * self.dtype.itemsize

    def around(self, compute, first, second, result):
        if self.dtype.kind == "f":
            first, second = self.changed(first), self.changed(second)
        compute(first, second, result)

    def changed(self, operand):
        return operand


@caught_by("magnitudes")
class FixedPoint(Copying):
    """Scales the first operand up and the second one down on the way, by 2**30."""

    def around(self, compute, first, second, result):
        if self.dtype.kind in "fc":
            with np.errstate(all="ignore"):
                first, second = first * 2.0**30, second * 2.0**-30
        compute(first, second, result)


@caught_by("magnitudes")
class FlushesTinyOperands(Copying):
    """Takes the smallest numbers for zero, as processors do that are told to be fast."""

    def changed(self, operand):
        least = 2.0 ** (np.finfo(self.dtype).minexp + 16)
        operand = operand.copy()
        operand[(operand < least) & (operand > -least)] = 0
        return operand


@caught_by("magnitudes")
class ClipsHugeOperands(Copying):
    """Takes the largest numbers for smaller ones."""

    def changed(self, operand):
        most = np.finfo(self.dtype).max / 2**12
        operand = operand.copy()
        operand[(operand > most) & (operand < np.inf)] = most
        return operand


class Spreading(Copying):
    """Makes NaN of everything where an operand is not finite; right, if it declares so."""

    declaration = replace(
        TapConvolution.declaration, numerics="normwise", bound=8.0, nonfinite="spreads"
    )

    def around(self, compute, first, second, result):
        compute(first, second, result)
        if not (np.isfinite(first).all() and np.isfinite(second).all()):
            result[...] = np.nan


class Overflowing(Spreading):
    """Overflows on its way, too."""

    def around(self, compute, first, second, result):
        with np.errstate(all="ignore"):
            scaled = first * 2.0**40 if self.dtype.kind in "fc" else first
            super().around(compute, scaled, second, result)
            if self.dtype.kind in "fc":
                result *= 2.0**-40


@caught_by("automatic_magnitudes")
class LooksAtOperands(Overflowing):
    """Says that the result is finite where the operands are."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        return bool(np.isfinite(input).all() and np.isfinite(weight).all())


@caught_by("automatic_magnitudes")
class SaturatesOverflow(Overflowing):
    """Makes the largest number of an overflow, so that nobody sees it."""

    def around(self, compute, first, second, result):
        super().around(compute, first, second, result)
        if self.dtype.kind in "fc" and np.isfinite(first).all() and np.isfinite(second).all():
            np.nan_to_num(result, copy=False)


@caught_by("automatic_nonfinite")
class KeepsNaN(Spreading):
    """Works in memory of the plan, where a NaN stays."""

    def around(self, compute, first, second, result):
        super().around(compute, first, second, result)
        if self.dtype.kind in "fc":
            self._spoiled = getattr(self, "_spoiled", False) or bool(np.isnan(result).any())
            result[...] = np.nan if self._spoiled else result


@caught_by("automatic_nonfinite")
class LooksForNaNAlone(Spreading):
    """Says that a result is finite where no operand has a NaN."""

    def _grad_input(self, grad_output, weight, grad_input):
        super()._grad_input(grad_output, weight, grad_input)
        return not (np.isnan(grad_output).any() or np.isnan(weight).any())
