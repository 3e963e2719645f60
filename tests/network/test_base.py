"""What all layers share: initial weights, and errors."""

import numpy as np
import pytest

from convcore.errors import ConvcoreError
from convcore.network import (
    Convolutional,
    Dense,
)


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2), ("tanh", 1), ("identity", 1)])
def test_initial_weights_have_variance_by_fan_in(activation, gain):
    layer = Convolutional(32, 64, (3, 3), groups=2, activation=activation, seed=0)
    w = layer.parameters["weight"]
    assert w.shape == (64, 16, 3, 3)
    assert w.var() == pytest.approx(gain / (16 * 9), rel=0.05)
    assert not layer.parameters["bias"].any()
    dense = Dense(400, 100, activation=activation, seed=0)
    assert dense.parameters["weight"].var() == pytest.approx(gain / 400, rel=0.05)


def test_initial_weights_depend_on_the_seed_alone():
    w32, w64, other = (
        Convolutional(2, 3, (5,), dtype=dtype, seed=seed).parameters["weight"]
        for dtype, seed in (("float32", 4), ("float64", 4), ("float32", 5))
    )
    np.testing.assert_array_equal(w32, w64.astype("float32"))
    assert not np.array_equal(w32, other)


def test_one_generator_gives_different_layers():
    rng = np.random.default_rng(0)
    first, second = (Dense(3, 3, seed=rng).parameters["weight"] for _ in range(2))
    assert not np.array_equal(first, second)


def test_backward_needs_forward():
    with pytest.raises(ConvcoreError, match=r"needs a forward pass .* got none in Dense"):
        Dense(2, 2).backward(np.zeros((1, 2), np.float32))
