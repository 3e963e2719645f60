"""Time of `grad_input`: every backend on every problem."""

from .common import Kernel


class GradInput(Kernel):
    operation = "grad_input"

    def time_grad_input(self, backend, problem):
        self.method(*self.operands, out=self.result)
