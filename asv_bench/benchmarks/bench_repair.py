"""What it costs to see to it that a result is finite.

The automatic choice mends results of algorithms that spread NaN or overflow on the way: so somebody
has to look, the kernel or the host. A backend asked for by name does without.
"""

import numpy as np
from asv_runner.benchmarks.mark import SkipNotImplemented

from .common import OPERATIONS, REPEAT, TIMER, bind

PROBLEMS = {
    "winograd": "resnet.3x3 64c56 b8",
    "tilefft": "image.25x25 1c1024 b1",
    "fft": "image.25x25 1c1024 b1",
}


class Looking:
    params = (["winograd", "tilefft", "fft"], OPERATIONS, ["by name", "chosen"])
    param_names = ("backend", "operation", "how")
    version = "1"
    timer, repeat = TIMER, REPEAT

    def setup(self, backend, operation, how):
        plan = bind(backend, PROBLEMS[backend], operation)
        if how == "chosen":
            plan = mended(plan)
        rng = np.random.default_rng(0)
        shapes = plan.geometry.operand_shapes(operation)
        self.operands = [rng.standard_normal(shape, "float32") for shape in shapes]
        self.result = np.ones(plan.geometry.result_shape(operation), np.float32)
        self.method = getattr(plan, operation)
        self.method(*self.operands, out=self.result)

    def time_call(self, backend, operation, how):
        self.method(*self.operands, out=self.result)


def mended(plan):
    """The plan as the automatic choice hands it out."""
    try:
        from convcore.planning.repair import repairing
    except ImportError as error:
        raise SkipNotImplemented("this commit mends nothing") from error
    return repairing(plan)
