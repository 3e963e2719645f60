"""Derivatives to order 3 of functions of JAX's arrays, and vmap."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
door = pytest.importorskip("convcore.adapters.jax")
from jax.test_util import check_grads  # noqa: E402
from jax_cases import CASES, operands  # noqa: E402


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


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
