"""Arrays beside float32 among zeros: complex numbers, and borders of every mode."""

import numpy as np

import convcore
from convcore.testing import operands

from .common import OPERATIONS, REPEAT, TIMER, geometry_of

COMPLEX = [
    "tiny 3x3 8c8 b1",
    "resnet.3x3 64c56 b8",
    "mobilenet.dw3x3 144c56 b8",
    "image.25x25 1c1024 b1",
]
MODES = ["zeros", "constant", "reflect", "symmetric", "replicate", "circular"]
IMAGES = {
    "1080p": ((1, 1, 1080, 1920), (1, 1, 3, 3)),
    "64c56": ((1, 64, 56, 56), (64, 64, 3, 3)),
}


class Complex:
    """The automatic choice, of complex numbers and of the real ones that four times stand for."""

    params = (COMPLEX, OPERATIONS, ["float32", "complex64", "float64", "complex128"])
    param_names = ("problem", "operation", "dtype")
    timer, repeat, version = TIMER, REPEAT, "1"

    def setup(self, problem, operation, dtype):
        geometry = geometry_of(problem)
        steps = {n: getattr(geometry, n) for n in ("stride", "padding", "dilation", "groups")}
        shapes = geometry.input_shape, geometry.weight_shape
        with convcore.options(threads=1):
            plan = convcore.plan(*shapes, dtype=dtype, operation=operation, **steps)
        self.operands = operands("random", geometry, dtype, operation)
        self.result = np.ones(geometry.result_shape(operation), dtype)
        self.method = getattr(plan, operation)
        self.method(*self.operands, out=self.result)

    def time_call(self, problem, operation, dtype):
        self.method(*self.operands, out=self.result)


class Borders:
    """`conv` and its gradients with each padding mode."""

    params = (list(IMAGES), OPERATIONS, MODES)
    param_names = ("image", "operation", "mode")
    timer, repeat, version = TIMER, REPEAT, "1"

    def setup(self, image, operation, mode):
        rng = np.random.default_rng(0)
        x, w = (rng.standard_normal(shape, "float32") for shape in IMAGES[image])
        options = {"padding": 1, "padding_mode": mode}
        given = {
            "forward": (convcore.conv, x, w),
            "grad_input": (convcore.conv_grad_input, np.ones_like(x), w, x.shape),
            "grad_weight": (convcore.conv_grad_weight, np.ones_like(x), x, w.shape),
        }
        function, *arrays = given[operation]

        def call():
            with convcore.options(threads=1):
                function(*arrays, **options)

        self.call = call
        self.call()

    def time_call(self, image, operation, mode):
        self.call()
