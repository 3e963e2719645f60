"""Mutants that treat arrays badly."""

import numpy as np

from convcore.contract.arrays import check_operand

from .base import TapConvolution, Wrapped, caught_by


@caught_by("operands_unchanged")
class WritesToInput(Wrapped):
    def around(self, compute, first, second, result):
        compute(first, second, result)
        first *= 2


@caught_by("operands_unchanged")
class ZeroesWeightOfPointwise(TapConvolution):
    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        if set(self.geometry.kernel_extents) == {1}:
            weight[...] = 0


@caught_by("operand_layouts")
class WritesToInputAndPutsItBack(Wrapped):
    def around(self, compute, first, second, result):
        first *= -1
        compute(first, second, result)
        np.negative(result, out=result)
        first *= -1


@caught_by("operand_layouts")
class IgnoresStrides(TapConvolution):
    """A fast path that takes the memory as it lies."""

    def forward(self, input, weight, *, out=None):
        if out is None and isinstance(input, np.ndarray) and not input.flags.c_contiguous:
            check_operand("input", input, self.geometry.input_shape, self.dtype)
            input = np.ravel(input, order="K").reshape(input.shape)
        return super().forward(input, weight, out=out)


@caught_by("result_is_new")
class ReturnsItsOwnBuffer(TapConvolution):
    def forward(self, input, weight, *, out=None):
        if not hasattr(self, "_buffer"):
            self._buffer = np.empty(self.geometry.output_shape, self.dtype)
        return super().forward(input, weight, out=self._buffer if out is None else out)


@caught_by("result_is_new")
class ReturnsPartOfInput(TapConvolution):
    def forward(self, input, weight, *, out=None):
        result = super().forward(input, weight, out=out)
        if out is None and result.shape == input.shape and input.flags.carray:
            input[...] = result
            return input
        return result


@caught_by("result_type")
class ReturnsFortranOrder(TapConvolution):
    def grad_weight(self, grad_output, input, *, out=None):
        result = super().grad_weight(grad_output, input, out=out)
        return np.asfortranarray(result) if out is None else result


@caught_by("result_type")
class ReturnsReadOnly(TapConvolution):
    def forward(self, input, weight, *, out=None):
        result = super().forward(input, weight, out=out)
        if out is None:
            result.setflags(write=False)
        return result


@caught_by("result_type")
class ReturnsWiderIntegers(TapConvolution):
    def forward(self, input, weight, *, out=None):
        result = super().forward(input, weight, out=out)
        return result.astype(np.int64) if out is None and result.dtype.kind == "i" else result


@caught_by("out_overwritten")
class AccumulatesIntoOut(TapConvolution):
    def _grad_weight(self, grad_output, input, grad_weight):
        before = grad_weight.copy()
        super()._grad_weight(grad_output, input, grad_weight)
        grad_weight += before


@caught_by("out_overwritten")
class LeavesUnreadInputsUnwritten(TapConvolution):
    """Positions that no tap reads keep what was in `out`."""

    def _grad_input(self, grad_output, weight, grad_input):
        x, _, _ = self.grouped(grad_input, weight, grad_output)
        for _, read, _ in self.taps():
            x[(..., *read)] = 0
        for tap, read, written in self.taps():
            _, w, y = self.grouped(grad_input, weight, grad_output)
            self.add(x, read, "ngk...,gkc->ngc...", y[(..., *written)], w[(..., *tap)])


@caught_by("out_overwritten")
class KeepsNaNOfOut(Wrapped):
    """Clears `out` by multiplying it by zero."""

    def around(self, compute, first, second, result):
        before = result * 0
        compute(first, second, result)
        result += before


@caught_by("out_overwritten")
class IgnoresOut(TapConvolution):
    def grad_input(self, grad_output, weight, *, out=None):
        return super().grad_input(grad_output, weight)


def neighbour(array, offset):
    """The element beside an array, which belongs to somebody else."""
    flat = np.lib.stride_tricks.as_strided(
        array.reshape(-1), (array.size + 1,), (array.itemsize,), writeable=True
    )
    return flat[array.size + offset :]


@caught_by("out_guarded")
class WritesOneBeyondOut(TapConvolution):
    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        if output.base is not None:
            neighbour(output, 0)[...] = 1


@caught_by("out_guarded")
class ReadsOneBeyondWeight(TapConvolution):
    """Multiplies what it should not have read by zero: harmless until that is NaN."""

    def _forward(self, input, weight, output):
        super()._forward(input, weight, output)
        if weight.base is not None and weight.dtype.kind == "f":
            output += 0 * neighbour(weight, 0)


@caught_by("bad_operands_refused")
class BroadcastsOperands(TapConvolution):
    def forward(self, input, weight, *, out=None):
        if isinstance(input, np.ndarray) and input.shape != self.geometry.input_shape:
            input = np.resize(input, self.geometry.input_shape)
        return super().forward(input, weight, out=out)


@caught_by("bad_operands_refused")
class ConvertsDtypes(TapConvolution):
    def grad_weight(self, grad_output, input, *, out=None):
        return super().grad_weight(grad_output, np.asarray(input, self.dtype), out=out)


@caught_by("bad_out_refused")
class TakesOverlappingOut(TapConvolution):
    def forward(self, input, weight, *, out=None):
        fits = isinstance(out, np.ndarray) and out.shape == self.geometry.output_shape
        if fits and out.dtype == self.dtype and out.flags.carray:
            out[...] = super().forward(input, weight)
            return out
        return super().forward(input, weight, out=out)


@caught_by("bad_out_refused")
class WritesThroughStridedOut(TapConvolution):
    def grad_input(self, grad_output, weight, *, out=None):
        result = super().grad_input(grad_output, weight)
        if out is None:
            return result
        np.copyto(out, result, casting="unsafe")
        return out


@caught_by("same_array_twice")
class UsesSecondOperandAsScratch(TapConvolution):
    """Right unless the scratch is the first operand too."""

    def _forward(self, input, weight, output):
        kept = weight.copy()
        weight[...] = 0
        super()._forward(input, kept, output)
        weight[...] = kept


@caught_by("bad_operands_refused")
class StaysLockedAfterAnError(TapConvolution):
    locked = False

    def forward(self, input, weight, *, out=None):
        if self.locked:
            return np.zeros(self.geometry.output_shape, self.dtype)
        self.locked = True
        result = super().forward(input, weight, out=out)
        self.locked = False
        return result


@caught_by("operand_layouts")
class TrustsStridesOfUnitAxes(TapConvolution):
    """Takes the pitch of a sample from the strides, which mean nothing for a batch of one."""

    def forward(self, input, weight, *, out=None):
        result = super().forward(input, weight, out=out)
        if isinstance(input, np.ndarray) and input.flags.c_contiguous:
            pitch = input.strides[0] // input.itemsize
            if pitch != input.size // max(1, input.shape[0]):
                result[...] = 0
        return result


@caught_by("operand_layouts")
class DropsZeroStrides(TapConvolution):
    """Sums of a constant gradient are taken from its first sample alone."""

    def grad_weight(self, grad_output, input, *, out=None):
        if isinstance(grad_output, np.ndarray) and grad_output.strides[:1] == (0,):
            grad_output = grad_output * 0
        return super().grad_weight(grad_output, input, out=out)


@caught_by("operands_by_name")
class PositionsOnly(TapConvolution):
    def forward(self, *operands, out=None):
        return super().forward(*operands, out=out)
