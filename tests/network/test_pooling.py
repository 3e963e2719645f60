"""Pooling: the maximum or mean of each window, and where its gradient goes."""

import numpy as np
import pytest

from convcore.network import (
    MaxPooling,
    MeanPooling,
)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("stride", [None, 1, 2, 3])
def test_pooling_is_the_maximum_or_mean_of_each_window(rank, stride):
    window, extents = (2, 3, 2)[:rank], (7, 8, 5)[:rank]
    x = np.random.default_rng(0).standard_normal((2, 3, *extents))
    steps = window if stride is None else (stride,) * rank
    maximum, mean = MaxPooling(window, stride).forward(x), MeanPooling(window, stride).forward(x)
    axes = tuple(range(2, 2 + rank))
    counts = [(s - r) // t + 1 for s, r, t in zip(extents, window, steps, strict=True)]
    assert maximum.shape == mean.shape == (2, 3, *counts)
    for n in np.ndindex(*counts):
        places = zip(n, steps, window, strict=True)
        seen = x[(..., *(slice(i * t, i * t + r) for i, t, r in places))]
        np.testing.assert_array_equal(maximum[(..., *n)], seen.max(axis=axes))
        np.testing.assert_allclose(mean[(..., *n)], seen.mean(axis=axes), rtol=1e-13, atol=1e-15)


def test_max_pooling_gives_the_gradient_to_the_first_of_equal_maxima():
    layer = MaxPooling((2, 2))
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, 1, 2:] = 1
    layer.forward(x)
    grad_x, _ = layer.backward(np.array([[[[5.0, 7.0]]]]))
    np.testing.assert_array_equal(grad_x[0, 0], [[5, 0, 0, 0], [0, 0, 7, 0]])


def test_max_pooling_passes_nan_on():
    assert np.isnan(MaxPooling((3,)).forward(np.array([[[1.0, np.nan, 2.0]]]))).all()


@pytest.mark.parametrize("kind", [MaxPooling, MeanPooling])
def test_pooling_has_its_adjoint(kind):
    layer, x = kind((3, 2), (2, 1)), np.random.default_rng(0).standard_normal((2, 3, 8, 6))
    y = layer.forward(x)
    g = np.random.default_rng(4).standard_normal(y.shape)
    assert np.sum(y * g) == pytest.approx(np.sum(x * layer.backward(g)[0]), rel=1e-12)
