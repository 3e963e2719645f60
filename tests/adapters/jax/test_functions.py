"""`conv` and `conv_transpose` of JAX's arrays: values, derivatives to order 3, vmap, jit."""

import numpy as np
import pytest

import convcore

jax = pytest.importorskip("jax")
door = pytest.importorskip("convcore.adapters.jax")
from jax.test_util import check_grads  # noqa: E402

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


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize(("function", "ours", "transposed", "steps"), CASES)
@pytest.mark.parametrize("compiled", [False, True])
def test_values_are_those_of_the_function_on_arrays(function, ours, transposed, steps, compiled):
    arrays = list(operands(steps, "float32", transposed=transposed))

    def run(*arrays):
        return function(*arrays, **steps)

    found = (jax.jit(run) if compiled else run)(*arrays)
    np.testing.assert_allclose(found, ours(*arrays, **steps), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("function", "ours", "transposed", "steps"), CASES)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_derivatives_to_the_third_order(function, ours, transposed, steps, dtype):
    arrays = list(operands(steps, dtype, transposed=transposed))
    check_grads(lambda *arrays: function(*arrays, **steps), arrays, order=3)


@pytest.mark.parametrize(("function", "ours", "transposed", "steps"), CASES)
@pytest.mark.parametrize("axes", [(0, None), (None, 1), (1, 0)])
def test_vmap_is_a_loop(function, ours, transposed, steps, axes):
    arrays = list(operands(steps, "float64", transposed=transposed))[:2]
    batched = [
        a if axis is None else np.stack([a, 2 * a, -a], axis)
        for a, axis in zip(arrays, axes, strict=True)
    ]
    gradient = jax.grad(lambda x, w: (function(x, w, **steps) ** 2).sum(), (0, 1))
    found = jax.vmap(gradient, axes)(*batched)
    for i in range(3):
        each = [
            a if axis is None else np.take(a, i, axis)
            for a, axis in zip(batched, axes, strict=True)
        ]
        for mine, expected in zip(found, gradient(*each), strict=True):
            np.testing.assert_allclose(mine[i], expected, atol=1e-10)


def test_a_hessian():
    x, w = np.arange(5.0)[None, None] ** 2, np.ones((1, 1, 3))
    hessian = jax.hessian(lambda w: (door.conv(x, w) ** 2).sum())(w).reshape(3, 3)
    windows = np.lib.stride_tricks.sliding_window_view(x[0, 0], 3)
    np.testing.assert_allclose(hessian, 2 * windows.T @ windows)


def test_complex_gradients_are_those_of_jax():
    x, w, _ = operands({}, "complex128")

    def theirs(x, w):
        return jax.lax.conv_general_dilated(x, w, (1, 1), "VALID")

    t = theirs(x, w)
    found = jax.vjp(door.conv, x, w)[1](t)
    for mine, expected in zip(found, jax.vjp(theirs, x, w)[1](t), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-10)


def test_bfloat16_is_summed_in_float32():
    x = jax.numpy.ones((1, 300, 4), "bfloat16")
    y = door.conv(x, jax.numpy.ones((1, 300, 1), "bfloat16"))
    assert y.dtype == "bfloat16"
    assert (y == 300).all()


def test_operands_of_two_dtypes_are_refused():
    x, w = np.ones((1, 1, 4), "float32"), np.ones((1, 1, 2))
    with pytest.raises(convcore.DtypeError, match="weight: must have the dtype of input"):
        door.conv(x, w)
    with pytest.raises(TypeError, match="operands: must have one dtype"):
        jax.jit(door.conv)(x, w)
