"""What it costs that a sample has the same bits alone and in every batch.

Then nothing that decides the order of a sum may be chosen to fit the batch: neither the backend,
nor its tiles, nor its blocks. Small maps, of which a block holds several samples, pay most.
"""

import numpy as np
from asv_runner.benchmarks.mark import SkipNotImplemented

import convcore
from convcore.plugin import Geometry

from .common import REPEAT, TIMER

PROBLEMS = {
    "3x3 64c7": Geometry.of((1, 64, 7, 7), (64, 64, 3, 3), padding=1),
    "3x3 64c14": Geometry.of((1, 64, 14, 14), (64, 64, 3, 3), padding=1),
    "3x3 512c7": Geometry.of((1, 512, 7, 7), (512, 512, 3, 3), padding=1),
    "3x3 64c56": Geometry.of((1, 64, 56, 56), (64, 64, 3, 3), padding=1),
    "3x3s2 64c14": Geometry.of((1, 64, 14, 14), (128, 64, 3, 3), stride=2, padding=1),
    "1x1 960-128 7": Geometry.of((1, 960, 7, 7), (128, 960, 1, 1)),
    "dw3x3 960c7": Geometry.of((1, 960, 7, 7), (960, 1, 3, 3), padding=1, groups=960),
    "1d k9 64c100": Geometry.of((1, 64, 100), (64, 64, 9), padding=4),
}


class Batches:
    params = (list(PROBLEMS), [1, 8, 32], ["forward", "grad_input"], [True, "batch"])
    param_names = ("problem", "batch", "operation", "deterministic")
    version = "1"
    timer, repeat = TIMER, REPEAT

    def setup(self, problem, batch, operation, deterministic):
        plan = chosen(PROBLEMS[problem], batch, operation, deterministic)
        rng = np.random.default_rng(0)
        shapes = plan.geometry.operand_shapes(operation)
        self.operands = [rng.standard_normal(shape, "float32") for shape in shapes]
        self.result = np.ones(plan.geometry.result_shape(operation), np.float32)
        self.method = getattr(plan, operation)
        self.method(*self.operands, out=self.result)

    def time_call(self, problem, batch, operation, deterministic):
        self.method(*self.operands, out=self.result)


def chosen(geometry, batch, operation, deterministic):
    """The plan of the automatic choice for one thread."""
    names = ("stride", "padding", "dilation", "groups")
    shape = (batch, *geometry.input_shape[1:])
    try:
        with convcore.options(threads=1, deterministic=deterministic):
            return convcore.plan(
                shape,
                geometry.weight_shape,
                operation=operation,
                **{name: getattr(geometry, name) for name in names},
            )
    except convcore.ConvcoreError as error:
        raise SkipNotImplemented("this commit knows no such option") from error
