"""Time of `grad_weight`: every backend on every problem."""

from .common import Kernel


class GradWeight(Kernel):
    operation = "grad_weight"

    def time_grad_weight(self, backend, problem):
        self.method(*self.operands, out=self.result)
