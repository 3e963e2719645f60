"""The chain of layers."""

from itertools import product

import numpy as np
from networks import small_data, small_network

from convcore.network import (
    Convolutional,
    MaxPooling,
    MeanPooling,
    Network,
)


def test_layer_chain_is_the_notation():
    network, (x, _) = small_network(), small_data()
    values = network.trace(x)
    assert len(values) == len(network.layers) + 1
    for layer, before, after in zip(network.layers, values[:-1], values[1:], strict=True):
        np.testing.assert_array_equal(layer.forward(before), after)
    np.testing.assert_array_equal(network.forward(x), values[-1])
    np.testing.assert_allclose(network.predict(x, batch_size=7), values[-1], rtol=1e-12)


def test_every_combination_of_layers_passes_batches_of_one():
    for first, second in product(("relu", "softmax"), (MaxPooling, MeanPooling)):
        network = Network([Convolutional(1, 2, (2,), activation=first), second((2,))])
        y = network.forward(np.ones((1, 1, 5), np.float32))
        grad_x, _ = network.backward(np.ones_like(y))
        assert grad_x.shape == (1, 1, 5)
