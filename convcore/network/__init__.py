"""Convolutional networks, forward and backward, written to be read.

A network is a chain of layers. Layer l takes x^l, has weights w^l, and computes

    z^l = f(x^l, w^l) + b^l        the pre-activation
    y^l = a^l(z^l) = x^(l+1)       the activation, which is what the next layer takes

Start with the simplest layer there is. In one dimension, with one channel, f slides the R numbers
of w over the S numbers of x:

    f(x, w)_n = sum over m = 0 .. R-1 of  w_m x_(n+m),          n = 0 .. S-R

In two dimensions the same, with two indices for each one:

    f(x, w)_(n1,n2) = sum over m1, m2 of  w_(m1,m2) x_(n1+m1, n2+m2)

and so on for any number of dimensions. Then x gets C channels, over which f sums, and w makes K of
them; a batch is N such x side by side; stride, padding, dilation and groups say which x each
w_m meets. `Convolutional` is all of that in one layer; `convcore.conv` does the arithmetic, on any
backend.

Training asks how the loss E changes with every number in the network. `backward` answers it, layer
by layer from the last to the first: given dE/dy^l it computes dE/dw^l and dE/db^l, which change the
weights, and dE/dx^l, which is dE/dy^(l-1). The page WHY.md beside this file derives these
formulas from the ones above and shows where the word "convolution" comes from.

Read in this order:

    layers.py       Convolutional, Dense, Flatten   (their common part is in base.py)
    activations.py  identity, relu, sigmoid, tanh, softmax
    pooling.py      MaxPooling, MeanPooling
    losses.py       softmax_cross_entropy, squared_error
    network.py      Network: the chain; save and load through files.py
    optimisers.py   SGD with momentum, Adam
    training.py     fit: the loop over mini-batches

Examples
--------
A filter that finds steps upwards in a series, learned from examples:

>>> import numpy as np
>>> from convcore.network import SGD, Convolutional, Network, fit, squared_error
>>> x = np.random.default_rng(0).standard_normal((64, 1, 10))
>>> steps = x[:, :, 1:] - x[:, :, :-1]
>>> network = Network([Convolutional(1, 1, (2,), bias=False, dtype="float64")])
>>> losses = fit(network, x, steps, loss=squared_error, optimiser=SGD(0.05), epochs=20)
>>> network.parameters["0.weight"].round(3)
array([[[-1.,  1.]]])
"""

from .activations import ACTIVATIONS, Activation
from .base import Layer, Weighted
from .files import ParameterError
from .layers import Convolutional, Dense, Flatten
from .losses import Loss, softmax_cross_entropy, squared_error
from .network import Network
from .optimisers import SGD, Adam, Optimiser
from .pooling import MaxPooling, MeanPooling, Pooling
from .training import accuracy, fit, minibatches, train_step

__all__ = [
    "ACTIVATIONS",
    "SGD",
    "Activation",
    "Adam",
    "Convolutional",
    "Dense",
    "Flatten",
    "Layer",
    "Loss",
    "MaxPooling",
    "MeanPooling",
    "Network",
    "Optimiser",
    "ParameterError",
    "Pooling",
    "Weighted",
    "accuracy",
    "fit",
    "minibatches",
    "softmax_cross_entropy",
    "squared_error",
    "train_step",
]
