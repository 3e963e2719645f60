"""`conv` and `conv_transpose` under HIPS autograd."""

import numpy as np
import pytest

import convcore

autograd = pytest.importorskip("autograd")
door = pytest.importorskip("convcore.adapters.autograd")
from autograd.test_util import check_grads  # noqa: E402

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
CASES = [(door.conv, convcore.conv, steps) for steps in STEPS] + [
    (door.conv_transpose, convcore.conv_transpose, steps) for steps in TRANSPOSED
]


def operands(function, steps):
    random, groups = np.random.default_rng(0), steps.get("groups", 1)
    weight = (6, 4 // groups) if function is door.conv else (4, 6 // groups)
    return [random.standard_normal(s) for s in ((2, 4, 5, 4), (*weight, 3, 2), (6,))]


@pytest.mark.parametrize(("function", "ours", "steps"), CASES)
def test_values_are_those_of_ours(function, ours, steps):
    arrays = operands(function, steps)
    np.testing.assert_allclose(function(*arrays, **steps), ours(*arrays, **steps), atol=1e-12)


@pytest.mark.parametrize(("function", "ours", "steps"), CASES)
def test_derivatives_both_ways_to_the_second_order(function, ours, steps):
    arrays = operands(function, steps)
    run = lambda *arrays: function(*arrays, **steps)  # noqa: E731
    check_grads(run, modes=["fwd", "rev"], order=2)(*arrays)


def test_the_gradients_of_autograd_s_own_convolution():
    from autograd.scipy.signal import convolve

    random = np.random.default_rng(0)
    x, w = random.standard_normal((2, 3, 8, 7)), random.standard_normal((3, 4, 3, 2))

    def theirs(x, w):
        return convolve(x, w, axes=([2, 3], [2, 3]), dot_axes=([1], [0]), mode="valid")

    def ours(x, w):
        return door.conv(x, w.transpose((1, 0, 2, 3)), flip=True)

    np.testing.assert_allclose(ours(x, w), theirs(x, w))
    for place in (0, 1):
        found, expected = (
            autograd.grad(lambda x, w, f=f: (f(x, w) ** 3).sum(), place)(x, w)
            for f in (ours, theirs)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
