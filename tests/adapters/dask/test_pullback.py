"""`conv_vjp` on chunked arrays: the pullback of the whole array, lazily."""

import numpy as np
import pytest
from chunked import random_problem

import convcore
from convcore.errors import ShapeError

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")


@pytest.mark.parametrize("seed", range(30))
def test_all_gradients_are_those_of_the_whole_array(seed):
    rng = np.random.default_rng(60_000 + seed)
    problem = random_problem(rng)
    x, w, g = (problem.array(role, rng) for role in ("input", "weight", "output"))
    bias = w.reshape(len(w), -1)[:, 0].copy()
    options = problem.options | {
        "padding_value": problem.padding_value,
        "backend": ["direct", "im2col", "naive"],
    }
    y, pullback = convcore.conv_vjp(x, w, bias, **options)
    lazy, lazy_pullback = chunked.conv_vjp(
        da.from_array(x, chunks=problem.input_chunks), w, bias, **options
    )
    gradients = lazy_pullback(da.from_array(g, chunks=problem.grad_chunks))
    assert gradients[0].chunks[2:] == problem.input_chunks[2:]
    got = dask.compute(lazy, *gradients)
    for found, want in zip(got, (y, *pullback(g)), strict=True):
        assert found.dtype == want.dtype
        np.testing.assert_array_equal(found, want)


def test_options_in_force_are_those_of_the_call():
    x = da.ones((1, 1, 9), chunks=3)
    with convcore.use_backend("naive"), convcore.options(accuracy="strict"):
        y, pullback = chunked.conv_vjp(x, np.ones((1, 1, 3)))
    with convcore.use_backend("im2col"):
        gradients = pullback.grad_input(y), pullback.grad_weight(y)
    for gradient in gradients:
        layer = next(layer for layer in gradient.dask.layers.values() if "Blocks" in repr(layer))
        assert layer.recipe.in_force["backend"] == "naive"
        assert layer.recipe.in_force["accuracy"] == "strict"


def test_without_a_bias_there_is_no_gradient_of_it():
    y, pullback = chunked.conv_vjp(da.ones((1, 1, 9), chunks=3), np.ones((1, 1, 3)))
    assert pullback(y)[2] is None
    with pytest.raises(ShapeError, match=r"grad_output: must have shape \(1, 1, 7\); got"):
        pullback.grad_bias(da.ones((1, 1, 9), chunks=3))
    assert pullback.grad_weight(y, split_every=2).compute().tolist() == [[[21.0] * 3]]
