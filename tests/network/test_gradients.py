"""Gradients of layers and networks, held against three other ways to get them."""

import numpy as np
import pytest
from networks import PROBLEMS, backends_for, convolutional, small_data, small_network

from convcore import UnsupportedError
from convcore.network import (
    ACTIVATIONS,
    Dense,
    MaxPooling,
    MeanPooling,
    softmax_cross_entropy,
    squared_error,
)

SMOOTH = [name for name in ACTIVATIONS if name != "relu"]


def slopes(function, array, h=1e-6):
    """Derivatives of a scalar function of `array` by central differences, changing it in place."""
    slope = np.empty_like(array)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + h
        above = function()
        array[index] = value - h
        slope[index] = (above - function()) / (2 * h)
        array[index] = value
    return slope


def check_slopes(layer, x):
    """Hold backward's gradients of E = <forward(x), g> against central differences."""
    y = layer.forward(x)
    g = np.random.default_rng(4).standard_normal(y.shape)
    grad_x, gradients = layer.backward(g)
    assert set(gradients) == set(layer.parameters)

    def loss():
        return np.sum(layer.forward(x) * g)

    for grad, array in [(grad_x, x), *((gradients[n], p) for n, p in layer.parameters.items())]:
        assert grad.shape == array.shape
        np.testing.assert_allclose(grad, slopes(loss, array), rtol=1e-6, atol=1e-7)


# First way: central differences.


@pytest.mark.parametrize("activation", SMOOTH)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_convolutional_gradients_match_central_differences(problem, activation):
    check_slopes(*convolutional(problem, activation))


@pytest.mark.parametrize("backend", backends_for("float64"))
def test_gradients_match_central_differences_on_every_backend(backend):
    check_slopes(*convolutional("2-D everything", "tanh", backend=backend))


def test_relu_gradients_match_central_differences_away_from_the_kink():
    layer, x = convolutional("2-D", "relu")
    z = convolutional("2-D")[0].forward(x)
    assert np.abs(z).min() > 1e-3
    assert (z < 0).any()
    check_slopes(layer, x)


@pytest.mark.parametrize("activation", SMOOTH)
def test_dense_gradients_match_central_differences(activation):
    layer = Dense(5, 4, activation=activation, dtype="float64", seed=1)
    check_slopes(layer, np.random.default_rng(3).standard_normal((3, 5)))


@pytest.mark.parametrize("kind", [MaxPooling, MeanPooling])
@pytest.mark.parametrize(
    ("window", "stride", "extents"),
    [((2,), None, (7,)), ((3, 2), 1, (5, 4)), ((2, 2), (3, 1), (7, 5)), ((2, 1, 2), 2, (4, 3, 5))],
)
def test_pooling_gradients_match_central_differences(kind, window, stride, extents):
    check_slopes(kind(window, stride), np.random.default_rng(3).standard_normal((2, 2, *extents)))


@pytest.mark.parametrize("loss", [softmax_cross_entropy, squared_error])
def test_network_gradients_match_central_differences(loss):
    network = small_network()
    x, labels = small_data(count=3)
    target = labels if loss is softmax_cross_entropy else np.eye(3)[labels]
    grad_x, gradients = network.backward(loss(network.forward(x), target)[1])

    def value():
        return loss(network.forward(x), target)[0]

    np.testing.assert_allclose(grad_x, slopes(value, x), rtol=1e-5, atol=1e-9)
    assert list(gradients) == ["4.weight", "4.bias", "1.weight", "1.bias", "0.weight", "0.bias"]
    for name, array in network.parameters.items():
        np.testing.assert_allclose(gradients[name], slopes(value, array), rtol=1e-5, atol=1e-9)


# Second way: adjoints of the linear layers.


@pytest.mark.parametrize("backend", backends_for("float64"))
@pytest.mark.parametrize("problem", PROBLEMS)
def test_convolutional_layer_has_its_adjoints(problem, backend):
    layer, x = convolutional(problem, backend=backend, bias=False)
    try:
        y = layer.forward(x)
    except UnsupportedError as refusal:
        pytest.skip(str(refusal))
    g = np.random.default_rng(4).standard_normal(y.shape)
    grad_x, gradients = layer.backward(g)
    size = np.linalg.norm(y) * np.linalg.norm(g)
    assert np.sum(y * g) == pytest.approx(np.sum(x * grad_x), abs=1e-13 * size)
    products = np.sum(layer.parameters["weight"] * gradients["weight"])
    assert np.sum(y * g) == pytest.approx(products, abs=1e-13 * size)


def test_bias_gradient_is_the_adjoint_of_adding_it_everywhere():
    layer, x = convolutional("2-D everything")
    g = np.random.default_rng(4).standard_normal(layer.forward(x).shape)
    _, gradients = layer.backward(g)
    everywhere = np.broadcast_to(layer.parameters["bias"][:, None, None], g.shape)
    assert np.sum(layer.parameters["bias"] * gradients["bias"]) == pytest.approx(
        np.sum(everywhere * g), rel=1e-12
    )


# Third way: torch's autograd.


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed: no autograd to compare")


TORCH_PADDING = [name for name in PROBLEMS if name not in ("2-D everything", "1-D circular")]


@pytest.mark.parametrize("activation", ["identity", "relu", "sigmoid", "tanh", "softmax"])
@pytest.mark.parametrize("problem", TORCH_PADDING)
def test_convolutional_gradients_match_autograd(torch, problem, activation):
    layer, x = convolutional(problem, activation)
    y = layer.forward(x)
    g = np.random.default_rng(4).standard_normal(y.shape)
    grad_x, gradients = layer.backward(g)
    tensors = {name: torch.tensor(p, requires_grad=True) for name, p in layer.parameters.items()}
    tensors["x"] = torch.tensor(x, requires_grad=True)
    z = torch_convolution(torch, tensors, layer.options)
    functions = {"identity": lambda z: z, "softmax": lambda z: torch.softmax(z, 1)}
    output = functions.get(activation, getattr(torch, activation, None))(z)
    np.testing.assert_allclose(y, output.detach().numpy(), rtol=1e-12, atol=1e-12)
    output.backward(torch.tensor(g))
    for name, gradient in (gradients | {"x": grad_x}).items():
        np.testing.assert_allclose(gradient, tensors[name].grad, rtol=1e-11, atol=1e-12)


def torch_convolution(torch, tensors, options):
    """The layer's pre-activation, computed by torch."""
    x, padding = tensors["x"], options["padding"]
    rank = x.ndim - 2
    if options["padding_mode"] != "zeros":
        x, padding = torch.nn.functional.pad(x, (padding,) * 2 * rank, options["padding_mode"]), 0
    function = (torch.conv1d, torch.conv2d, torch.conv3d)[rank - 1]
    return function(
        x,
        tensors["weight"],
        tensors.get("bias"),
        stride=options["stride"],
        padding=padding,
        dilation=options["dilation"],
        groups=options["groups"],
    )


def test_network_gradients_match_autograd(torch):
    network, (x, labels) = small_network(activation="relu"), small_data()
    loss, grad = softmax_cross_entropy(network.forward(x), labels)
    grad_x, gradients = network.backward(grad)
    p = {n: torch.tensor(array, requires_grad=True) for n, array in network.parameters.items()}
    start = torch.tensor(x, requires_grad=True)
    first = torch.relu(torch.conv2d(start, p["0.weight"], p["0.bias"], padding=1))
    second = torch.relu(torch.conv2d(first, p["1.weight"], p["1.bias"], padding=1))
    pooled = torch.max_pool2d(second, 2)
    z = torch.flatten(pooled, 1) @ p["4.weight"].T + p["4.bias"]
    expected = torch.nn.functional.cross_entropy(z, torch.tensor(labels))
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(grad_x, start.grad, rtol=1e-10, atol=1e-14)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, p[name].grad, rtol=1e-10, atol=1e-14)
