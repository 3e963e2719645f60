"""Time of integers, which wrap: by the automatic choice, and summed in a wider dtype."""

import numpy as np

import convcore
from convcore.plugin import Geometry

from .common import OPERATIONS, REPEAT, TIMER

PROBLEMS = {
    "3x3 64c56": Geometry.of((1, 64, 56, 56), (64, 64, 3, 3), padding=1),
    "dw3x3 144c56": Geometry.of((1, 144, 56, 56), (144, 1, 3, 3), padding=1, groups=144),
    "image 5x5 1080p": Geometry.of((1, 1, 1080, 1920), (1, 1, 5, 5), padding=2),
    "1d k31 100k": Geometry.of((1, 1, 100_000), (1, 1, 31), padding=15),
}
OPTIONS = ("stride", "padding", "dilation", "groups")


def options_of(geometry):
    """What the functions take beside the arrays."""
    return {name: getattr(geometry, name) for name in OPTIONS}


def drawn(shapes, dtype):
    """Operands from the full range of the dtype."""
    random, ends = np.random.default_rng(0), np.iinfo(dtype)
    return [random.integers(ends.min, ends.max, shape, dtype, endpoint=True) for shape in shapes]


class Integers:
    params = (list(PROBLEMS), ["uint8", "int16", "int32", "int64"], OPERATIONS)
    param_names = ("problem", "dtype", "operation")
    version = "1"
    timer, repeat = TIMER, REPEAT

    def setup(self, problem, dtype, operation):
        """Plan for one thread, and run once."""
        geometry = PROBLEMS[problem]
        shapes = geometry.input_shape, geometry.weight_shape
        with convcore.options(threads=1):
            plan = convcore.plan(*shapes, dtype=dtype, operation=operation, **options_of(geometry))
        self.operands = drawn(geometry.operand_shapes(operation), dtype)
        self.result = np.ones(geometry.result_shape(operation), dtype)
        self.method = getattr(plan, operation)
        self.method(*self.operands, out=self.result)

    def time_call(self, problem, dtype, operation):
        self.method(*self.operands, out=self.result)


class Narrow:
    params = (list(PROBLEMS), ["uint8", "int8"])
    param_names = ("problem", "dtype")
    version = "1"
    timer, repeat = TIMER, REPEAT

    def setup(self, problem, dtype):
        """Draw operands of 8 bits, whose sums have 32."""
        geometry = PROBLEMS[problem]
        self.operands = drawn((geometry.input_shape, geometry.weight_shape), dtype)
        self.options = options_of(geometry)
        self.time_summed_in_int32(problem, dtype)

    def time_summed_in_int32(self, problem, dtype):
        with convcore.options(threads=1):
            convcore.conv(*self.operands, dtype="int32", **self.options)
