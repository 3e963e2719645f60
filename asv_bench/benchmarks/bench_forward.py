"""Time of `forward`: every backend on every problem."""

from .common import Kernel


class Forward(Kernel):
    operation = "forward"

    def time_forward(self, backend, problem):
        self.method(*self.operands, out=self.result)
