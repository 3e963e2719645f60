"""What is computed for a block: sums are wide until the end, and rounded once."""

import pickle

import numpy as np
import pytest

da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")


def test_float16_is_rounded_once_after_all_channels_and_the_bias():
    """2048 + 1 is 2048 in float16, and 2048 + 1 + 1 is not."""
    x = da.from_array(np.array([[[2048], [1], [0.5]]], "float16"), chunks=1)
    w, bias = np.ones((1, 3, 1), "float16"), np.array([0.5], "float16")
    assert chunked.conv(x, w, bias).compute() == 2050


def test_a_border_is_folded_before_float16_is_rounded():
    g = da.from_array(np.array([[[2048, 1, 1, 0]]], "float16"), chunks=1)
    options = {"padding": ((3, 0),), "padding_mode": "replicate"}
    gradient = chunked.conv_grad_input(g, np.ones((1, 1, 1), "float16"), (1, 1, 1), **options)
    assert gradient.compute() == 2050


def test_overflow_is_infinite_without_a_warning():
    x = da.full((1, 2, 3), 60000, chunks=1, dtype="float16")
    result = chunked.conv(x, np.ones((1, 2, 1), "float16")).compute()
    assert np.isinf(result).all()


def test_a_recipe_travels_without_the_memory_of_its_windows():
    x = da.ones((1, 1, 40_000), chunks=(1, 1, 10_000))
    lazy = chunked.conv(x, np.ones((1, 1, 3)), padding=1)
    recipe = lazy.dask.layers[lazy.name].recipe
    lazy.compute(scheduler="sync")
    assert vars(recipe.scratch._local)
    assert len(pickle.dumps(recipe)) < 5_000
    assert not vars(pickle.loads(pickle.dumps(recipe)).scratch._local)
