"""What the host adds to a call: everything here runs a backend that does nothing."""

from functools import cached_property

import numpy as np

import convcore
from convcore.plugin import Convolution, Declaration

INPUT, WEIGHT = (1, 4, 8, 8), (4, 4, 3, 3)


class Nothing(Convolution):
    """Leaves the result as it was allocated."""

    name = "nothing"
    declaration = Declaration(dtypes=("float32",))

    def _forward(self, input, weight, output):
        pass

    _grad_input = _grad_weight = _forward


class Dispatch:
    # No `setup`: asv would call it before every call, and time calls one by one.
    version = "1"
    input, weight = np.ones(INPUT, np.float32), np.ones(WEIGHT, np.float32)
    output = np.ones((1, 4, 6, 6), np.float32)

    @cached_property
    def plan(self):
        return convcore.plan(INPUT, WEIGHT, backend=Nothing)

    def time_plan_forward(self):
        self.plan.forward(self.input, self.weight)

    def time_plan_forward_out(self):
        self.plan.forward(self.input, self.weight, out=self.output)

    def time_conv(self):
        convcore.conv(self.input, self.weight, backend=Nothing)

    def time_conv_options(self):
        convcore.conv(self.input, self.weight, padding=1, stride=(2, 1), backend=Nothing)

    def time_conv_grad_input(self):
        convcore.conv_grad_input(self.output, self.weight, INPUT, backend=Nothing)

    def time_conv_grad_weight(self):
        convcore.conv_grad_weight(self.output, self.input, WEIGHT, backend=Nothing)

    def time_conv_vjp(self):
        _, pullback = convcore.conv_vjp(self.input, self.weight, backend=Nothing)
        pullback(self.output)

    def time_use_backend(self):
        with convcore.use_backend(Nothing):
            convcore.conv(self.input, self.weight)

    def time_automatic_choice(self):
        """The only one with arithmetic in it, of whichever backend is chosen."""
        convcore.conv(self.input, self.weight)
