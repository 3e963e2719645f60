"""Layers and networks: the definition, initial weights, errors."""

from itertools import product

import numpy as np
import pytest
from networks import backends_for, small_data, small_network

import convcore
from convcore.errors import ConvcoreError, DtypeError, GeometryError, ShapeError
from convcore.network import (
    ACTIVATIONS,
    SGD,
    Convolutional,
    Dense,
    Flatten,
    MaxPooling,
    MeanPooling,
    Network,
    fit,
    minibatches,
    softmax_cross_entropy,
    squared_error,
)

# The definition.


@pytest.mark.parametrize("backend", backends_for("float64"))
def test_simplest_layer_is_the_sum_in_its_docstring(backend):
    layer = Convolutional(1, 1, (3,), dtype="float64", activation="sigmoid", backend=backend)
    w, b = layer.parameters["weight"], layer.parameters["bias"]
    b[0] = 0.5
    x = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    z = [sum(w[0, 0, m] * x[n + m] for m in range(3)) + 0.5 for n in range(3)]
    y = layer.forward(x[None, None])
    np.testing.assert_allclose(y[0, 0], 1 / (1 + np.exp(-np.array(z))), rtol=1e-14)


def test_two_dimensional_layer_is_the_sum_in_its_docstring():
    layer = Convolutional(1, 1, (2, 3), bias=False, dtype="float64")
    w, x = layer.parameters["weight"], np.random.default_rng(0).standard_normal((1, 1, 4, 5))
    y = layer.forward(x)
    for n1, n2 in np.ndindex(3, 3):
        taps = np.ndindex(2, 3)
        z = sum(w[0, 0, m1, m2] * x[0, 0, n1 + m1, n2 + m2] for m1, m2 in taps)
        assert y[0, 0, n1, n2] == pytest.approx(z, rel=1e-14)


def test_dense_is_the_convolution_with_a_kernel_as_large_as_its_input():
    x = np.random.default_rng(0).standard_normal((4, 3, 2, 5))
    whole = Convolutional(3, 7, (2, 5), dtype="float64", seed=9)
    dense = Dense(30, 7, dtype="float64")
    dense.parameters["weight"][:] = whole.parameters["weight"].reshape(7, 30)
    np.testing.assert_allclose(
        dense.forward(Flatten().forward(x)), whole.forward(x)[:, :, 0, 0], rtol=1e-12
    )


def test_layer_chain_is_the_notation():
    network, (x, _) = small_network(), small_data()
    values = network.trace(x)
    assert len(values) == len(network.layers) + 1
    for layer, before, after in zip(network.layers, values[:-1], values[1:], strict=True):
        np.testing.assert_array_equal(layer.forward(before), after)
    np.testing.assert_array_equal(network.forward(x), values[-1])
    np.testing.assert_allclose(network.predict(x, batch_size=7), values[-1], rtol=1e-12)


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


def test_fused_loss_is_softmax_followed_by_cross_entropy():
    z, labels = np.random.default_rng(0).standard_normal((5, 4)), np.array([0, 3, 2, 2, 1])
    softmax = ACTIVATIONS["softmax"]
    p = softmax.value(z)
    grad_p = np.zeros_like(p)
    grad_p[np.arange(5), labels] = -1 / (5 * p[np.arange(5), labels])
    loss, grad_z = softmax_cross_entropy(z, labels)
    assert loss == pytest.approx(-np.mean(np.log(p[np.arange(5), labels])), rel=1e-12)
    np.testing.assert_allclose(grad_z, softmax.backward(grad_p, z, p), rtol=1e-10, atol=1e-15)


def test_fused_loss_stays_finite_where_softmax_rounds_to_zero():
    loss, grad_z = softmax_cross_entropy(np.array([[0.0, 2000.0]]), np.array([0]))
    assert loss == 2000
    np.testing.assert_array_equal(grad_z, [[-1, 1]])


# Initial weights.


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


# Errors.


def test_backward_needs_forward():
    with pytest.raises(ConvcoreError, match=r"needs a forward pass .* got none in Dense"):
        Dense(2, 2).backward(np.zeros((1, 2), np.float32))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Convolutional(1, 1, 3), GeometryError, "kernel_extents: .*got 3; write"),
        (lambda: Convolutional(1, 1, ()), GeometryError, r"kernel_extents: .*got \(\)"),
        (lambda: Convolutional(3, 4, (3,), groups=2), GeometryError, "groups: .* got 2"),
        (lambda: Convolutional(2, 4, (3,), groups=0), GeometryError, "groups: .* got 0"),
        (lambda: Convolutional(-1, 4, (3,)), GeometryError, "in_channels: .* got -1"),
        (lambda: Convolutional(1, 4, (3, 0)), GeometryError, r"kernel extent .* got \(3, 0\)"),
        (lambda: Convolutional(1, 1, (3,), stride=0), GeometryError, r"stride: .* got \(0,\)"),
        (lambda: Convolutional(1, 1, (3,), stride=(1, 2)), GeometryError, r"stride: .* \(1, 2\)"),
        (lambda: Convolutional(1, 1, (3,), dilation=1.5), GeometryError, "dilation: .* got 1.5"),
        (lambda: Convolutional(1, 1, (3,), padding="some"), GeometryError, "padding: .* 'some'"),
        (lambda: Convolutional(1, 1, (3,), padding=(1, 2)), GeometryError, r"padding: .* \(1, 2\)"),
        (lambda: Convolutional(1, 1, (3,), padding_mode="no"), GeometryError, "_mode: .* got 'no'"),
        (lambda: Convolutional(1, 1, (3,), dtype="int64"), DtypeError, "dtype: .* got int64"),
        (lambda: Dense(1, 1, activation="swish"), ConvcoreError, "activation: .* got 'swish'"),
        (lambda: list(minibatches(4, 0, 1, 0)), ConvcoreError, "batch_size: .* got 0"),
        (lambda: MaxPooling((2,)).forward(np.zeros((2, 2))), ShapeError, r"x: .* got \(2, 2\)"),
        (lambda: MaxPooling((4,)).forward(np.zeros((1, 1, 3))), GeometryError, "got 3 < 4"),
    ],
)
def test_errors_name_the_argument_and_the_value(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_dense_refuses_unflattened_input():
    with pytest.raises(ShapeError, match=r"x: must have shape \(N, 4\); got \(1, 1, 4\); put"):
        Dense(4, 2).forward(np.zeros((1, 1, 4), np.float32))


def test_layers_refuse_mixed_dtypes():
    with pytest.raises(DtypeError, match="float64"):
        Convolutional(1, 1, (3,)).forward(np.zeros((1, 1, 5)))
    with pytest.raises(DtypeError, match=r"weight: must have the dtype of x, float64; got float32"):
        Dense(3, 1).forward(np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 3]), "must be integers from 0 to 2; got int64 from 0 to 3"),
        (np.array([-1, 0]), "got int64 from -1 to 0"),
        (np.array([0.0, 1.0]), "got float64"),
        (np.array([0]), r"labels: must have shape \(N,\) .* got \(1,\) beside \(2, 3\)"),
    ],
)
def test_cross_entropy_refuses_labels_that_are_no_classes(labels, message):
    with pytest.raises(ShapeError, match=message):
        softmax_cross_entropy(np.zeros((2, 3)), labels)


def test_losses_refuse_no_samples_and_other_shapes():
    with pytest.raises(ShapeError, match="at least one"):
        softmax_cross_entropy(np.zeros((0, 3)), np.zeros(0, int))
    with pytest.raises(ShapeError, match=r"target: .* \(2, 3\) of y.* got \(2,\)"):
        squared_error(np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(ShapeError, match="one entry per sample, 2; got 3"):
        fit(Network([]), np.zeros((2, 1)), np.zeros(3), optimiser=SGD())


def test_unknown_backend_is_named_when_it_is_needed():
    layer = Convolutional(1, 1, (2,), backend="abacus")
    with pytest.raises(convcore.UnknownBackendError, match="abacus"):
        layer.forward(np.zeros((1, 1, 3), np.float32))


def test_backend_of_the_layer_goes_before_the_context():
    calls = []

    class Counting(convcore.get_backend("naive")):
        name = "counting"

        def _forward(self, input, weight, output):
            calls.append(self.name)
            super()._forward(input, weight, output)

    x = np.zeros((1, 1, 3), np.float32)
    with convcore.use_backend("naive"):
        Convolutional(1, 1, (2,), backend=Counting).forward(x)
        assert calls == ["counting"]
    with convcore.use_backend(Counting):
        Convolutional(1, 1, (2,), backend=["naive", "im2col"]).forward(x)
        assert calls == ["counting"]
        Convolutional(1, 1, (2,)).forward(x)
        assert calls == ["counting"] * 2


def test_every_combination_of_layers_passes_batches_of_one():
    for first, second in product(("relu", "softmax"), (MaxPooling, MeanPooling)):
        network = Network([Convolutional(1, 2, (2,), activation=first), second((2,))])
        y = network.forward(np.ones((1, 1, 5), np.float32))
        grad_x, _ = network.backward(np.ones_like(y))
        assert grad_x.shape == (1, 1, 5)
