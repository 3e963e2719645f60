"""Problems for the functions of tensors: function, ours, operands, steps."""

import torch

import convcore
from convcore.adapters import torch as door

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
    {"stride": 2, "padding": "same"},
]


def tensor(*shape, dtype="float64", seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=getattr(torch, dtype), generator=generator)


def operands(steps, dtype="float64"):
    x, b = tensor(2, 4, 6, 5, dtype=dtype), tensor(6, dtype=dtype, seed=2)
    return x, tensor(6, 4 // steps.get("groups", 1), 3, 2, dtype=dtype, seed=1), b


def transposed_operands(steps, dtype="float64"):
    x, b = tensor(2, 4, 4, 3, dtype=dtype), tensor(6, dtype=dtype, seed=2)
    return x, tensor(4, 6 // steps.get("groups", 1), 3, 2, dtype=dtype, seed=1), b


CASES = [(door.conv, convcore.conv, operands, steps) for steps in STEPS] + [
    (door.conv_transpose, convcore.conv_transpose, transposed_operands, steps)
    for steps in TRANSPOSED
]
PAIRS = [(function, make, steps) for function, _, make, steps in CASES]
