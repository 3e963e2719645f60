"""Problems for the functions of JAX's arrays: function, ours, whether transposed, steps."""

import numpy as np

import convcore
from convcore.adapters import jax as door

STEPS = [
    {},
    {"stride": (2, 1), "padding": 1},
    {"padding": "same", "dilation": (1, 2), "groups": 2},
    {"padding": ((1, 0), (2, -1)), "padding_mode": ("reflect", "circular"), "flip": True},
]
TRANSPOSED = [
    {},
    {"stride": (2, 1), "padding": 1, "output_padding": (1, 0), "groups": 2},
    {"stride": 2, "dilation": 3, "output_padding": 2, "flip": True},
]


def operands(steps, dtype, *, transposed=False):
    random = np.random.default_rng(0)
    groups = steps.get("groups", 1)
    weight = (4, 6 // groups, 3, 2) if transposed else (6, 4 // groups, 3, 2)
    for shape in ((2, 4, 5, 4), weight, (6,)):
        values = random.standard_normal(shape)
        if dtype == "complex128":
            values = values + 1j * random.standard_normal(shape)
        yield values.astype(dtype)


CASES = [(door.conv, convcore.conv, False, steps) for steps in STEPS] + [
    (door.conv_transpose, convcore.conv_transpose, True, steps) for steps in TRANSPOSED
]
