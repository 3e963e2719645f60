"""The training loop: mini-batches in an order that the seed decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..errors import ConvcoreError, ShapeError
from .base import Array
from .losses import Loss, softmax_cross_entropy
from .network import Network
from .optimisers import Optimiser
from .sharded import Cluster, Slope


def fit(
    network: Network,
    x: Array,
    target: Array,
    *,
    optimiser: Optimiser,
    loss: Loss = softmax_cross_entropy,
    epochs: int = 1,
    batch_size: int = 32,
    steps: int | None = None,
    seed: int = 0,
    report: Callable[[int, float], None] | None = None,
    client: Any = None,
    shards: int = 8,
) -> list[float]:
    """Train `network` in place; the same arguments give the same bits.

    Parameters
    ----------
    network : Network
        What is trained.
    x, target : ndarray of shape (N, ...)
        Samples, and what the loss holds the network's outputs against.
    optimiser : Optimiser
        A fresh one: it remembers its past steps.
    loss : callable (output, target) -> (E, dE/d output)
        What is made small.
    epochs : int
        Number of times that every sample is seen.
    batch_size : int
        Samples per step; the last step of an epoch may have fewer.
    steps : int, optional
        Stop after this number of steps, even within an epoch.
    seed : int
        Decides the order of the samples.
    report : callable (step, E), optional
        Called after each step, counted from 1.
    client : distributed.Client, optional
        Where gradients are computed, in shards of each batch; without one, in this process.
    shards : int
        How many parts a batch is computed in on a client. The result depends on that number, by
        rounding, and not on the number of workers.

    Returns
    -------
    list of float
        E of each step, before that step's change.

    Raises
    ------
    ShapeError
        If x and target differ in their number of samples.
    ConvcoreError
        If batch_size is not at least 1.
    """
    if len(x) != len(target):
        raise ShapeError(f"target: must hold one entry per sample, {len(x)}; got {len(target)}")
    losses: list[float] = []
    slope = _slope if client is None else Cluster(client, shards).slope
    for batch in islice(minibatches(len(x), batch_size, epochs, seed), steps):
        value, gradients = slope(network, x[batch], target[batch], loss)
        optimiser.step(network.parameters, gradients)
        losses.append(value)
        if report is not None:
            report(len(losses), losses[-1])
    return losses


def train_step(
    network: Network, x: Array, target: Array, loss: Loss, optimiser: Optimiser
) -> float:
    """Forward, backward, one change of the parameters; returns E before it."""
    value, gradients = _slope(network, x, target, loss)
    optimiser.step(network.parameters, gradients)
    return value


def _slope(network: Network, x: Array, target: Array, loss: Loss) -> Slope:
    value, grad_output = loss(network.forward(x), target)
    _, gradients = network.backward(grad_output)
    return value, gradients


def minibatches(count: int, batch_size: int, epochs: int, seed: int) -> Iterator[Any]:
    """Index arrays that shuffle `count` samples anew in each epoch and cut them into batches.

    Examples
    --------
    >>> [len(batch) for batch in minibatches(10, 4, epochs=1, seed=0)]
    [4, 4, 2]
    """
    if batch_size < 1:
        raise ConvcoreError(f"batch_size: must be >= 1; got {batch_size}")
    generator = np.random.default_rng(seed)
    for _ in range(epochs):
        order = generator.permutation(count)
        for start in range(0, count, batch_size):
            yield order[start : start + batch_size]


def accuracy(network: Network, x: Array, labels: Array) -> float:
    """Share of samples whose largest output is that of their label."""
    return float(np.mean(network.predict(x).argmax(axis=1) == labels))
