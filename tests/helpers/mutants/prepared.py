"""Mutants that spoil a weight which was prepared for many calls."""

import numpy as np

from convcore.contract.convolution import PreparedWeight

from .base import TapConvolution, caught_by


@caught_by("prepared_weight")
class PreparesInHalfPrecision(TapConvolution):
    def _prepare(self, weight, operation):
        if weight.dtype != np.float32:
            return weight
        return weight.astype(np.float16).astype(np.float32)


@caught_by("prepared_weight")
class PreparesForForwardOnly(TapConvolution):
    """The transform for `_forward` serves both, and `_grad_input` does not undo it."""

    def _prepare(self, weight, operation):
        return np.flip(weight, 2)

    def _forward(self, input, weight, output):
        super()._forward(input, weight if weight.flags.c_contiguous else np.flip(weight, 2), output)


@caught_by("prepared_weight")
class KeepsOnePreparedWeight(TapConvolution):
    """The weight waits in the plan, until another one is prepared."""

    def _prepare(self, weight, operation):
        self._kept = weight

    def _forward(self, input, weight, output):
        super()._forward(input, self._kept if weight is None else weight, output)

    def _grad_input(self, grad_output, weight, grad_input):
        super()._grad_input(grad_output, self._kept if weight is None else weight, grad_input)


@caught_by("prepared_weight")
class UsesUpPreparedWeight(TapConvolution):
    def _prepare(self, weight, operation):
        return [weight.copy()]

    def _forward(self, input, weight, output):
        if type(weight) is list:
            super()._forward(input, weight[0], output)
            weight[0] *= 2
        else:
            super()._forward(input, weight, output)


@caught_by("prepared_weight")
class PreparesWithoutCopy(TapConvolution):
    def prepare(self, weight, *, operation=None):
        return PreparedWeight(self, weight, {"forward": weight, "grad_input": weight})


@caught_by("prepared_for_one_plan")
class TakesEveryPreparedWeight(TapConvolution):
    """A fast path that does not ask whose weight it is."""

    def forward(self, input, weight, *, out=None):
        if type(weight) is PreparedWeight:
            weight = weight.payloads.get("forward", weight.weight)
        return super().forward(input, weight, out=out)


@caught_by("prepared_for_a_subclass")
class ForgetsSubclassOncePrepared(TapConvolution):
    """A fast path for prepared weights that never looks who overrides `_forward`."""

    def forward(self, input, weight, *, out=None):
        if type(weight) is not PreparedWeight:
            return super().forward(input, weight, out=out)
        output = np.empty(self.geometry.output_shape, self.dtype) if out is None else out
        TapConvolution._forward(self, input, weight.payload(self, "forward"), output)
        return output
