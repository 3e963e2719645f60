"""Layers and networks: the definition, initial weights, errors."""

import numpy as np
import pytest
from networks import backends_for

import convcore
from convcore.errors import ConvcoreError, DtypeError, GeometryError, ShapeError
from convcore.network import (
    Convolutional,
    Dense,
    Flatten,
    MaxPooling,
    minibatches,
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


# Errors.


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
    sentence = r"^x: must have the dtype of the layer, float32; got float64; write x.astype"
    for layer, shape in ((Convolutional(1, 1, (3,)), (1, 1, 5)), (Dense(3, 1), (1, 3))):
        with pytest.raises(DtypeError, match=sentence):
            layer.forward(np.zeros(shape))
    with pytest.raises(DtypeError, match=r"^x: must be a numpy.ndarray; got list"):
        Dense(3, 1).forward([[1.0, 2.0, 3.0]])


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
