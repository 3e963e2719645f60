"""Activations: finite, in the dtype that came, with the slope they should have."""

import numpy as np
import pytest

from convcore.network import (
    ACTIVATIONS,
)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_keep_the_dtype_and_stay_finite(name, dtype):
    z = np.array([[-1e4, -1.0, 0.0, 1.0, 1e4]], dtype)
    y = ACTIVATIONS[name].value(z)
    delta = ACTIVATIONS[name].backward(np.ones_like(z), z, y)
    assert y.dtype == delta.dtype == dtype
    assert np.isfinite(y).all()
    assert np.isfinite(delta).all()


def test_relu_has_no_slope_at_zero():
    relu, z = ACTIVATIONS["relu"], np.array([[-1.0, 0.0, 2.0]])
    np.testing.assert_array_equal(relu.value(z), [[0, 0, 2]])
    np.testing.assert_array_equal(relu.backward(np.ones((1, 3)), z, z), [[0, 0, 1]])
