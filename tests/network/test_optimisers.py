"""Optimisers follow their formulas."""

import numpy as np
import pytest
from networks import small_data, small_network
from scipy.optimize import minimize

from convcore.network import SGD, Adam, accuracy, softmax_cross_entropy


def test_any_optimiser_can_drive_a_network():
    network, (x, labels) = small_network(), small_data()
    shapes = {name: array.shape for name, array in network.parameters.items()}

    def unpack(vector):
        ends = np.cumsum([np.prod(shape) for shape in shapes.values()])[:-1]
        parts = zip(shapes.items(), np.split(vector, ends), strict=True)
        return {name: part.reshape(shape) for (name, shape), part in parts}

    def loss_and_gradient(vector):
        network.assign(unpack(vector))
        loss, grad = softmax_cross_entropy(network.forward(x), labels)
        gradients = network.backward(grad)[1]
        return loss, np.concatenate([gradients[name].ravel() for name in shapes])

    start = np.concatenate([array.ravel() for array in network.parameters.values()])
    result = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B")
    assert result.fun < 1e-3
    network.assign(unpack(result.x))
    assert accuracy(network, x, labels) == 1


def test_sgd_follows_its_formula():
    p, g = {"p": np.array([1.0, -2.0])}, {"p": np.array([0.5, 1.0])}
    optimiser = SGD(0.1, momentum=0.5)
    optimiser.step(p, g)
    np.testing.assert_allclose(p["p"], [0.95, -2.1], rtol=1e-15)
    optimiser.step(p, g)
    np.testing.assert_allclose(p["p"], [0.875, -2.25], rtol=1e-15)


def test_adam_follows_its_formula():
    p, gradients = np.array([1.0]), [np.array([0.3]), np.array([-0.1]), np.array([0.7])]
    optimiser, expected, m, v = Adam(0.01), 1.0, 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        optimiser.step({"p": p}, {"p": g})
        m, v = 0.9 * m + 0.1 * g[0], 0.999 * v + 0.001 * g[0] ** 2
        expected -= 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert p[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("optimiser", [SGD(0.1, 0.9), Adam()])
def test_optimisers_keep_the_dtype_and_leave_gradients_alone(optimiser):
    p, g = np.ones(3, np.float32), np.full(3, 0.5, np.float32)
    optimiser.step({"p": p}, {"p": g})
    optimiser.step({"p": p}, {"p": g})
    assert p.dtype == np.float32
    assert (p < 1).all()
    np.testing.assert_array_equal(g, 0.5)
