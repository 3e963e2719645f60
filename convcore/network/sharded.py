"""Training on a cluster: each step's gradient is computed in shards, and added in a fixed order.

E is a mean over samples. With n_s of a batch's n samples in shard s,

    E = sum over s of (n_s / n) E_s        and the same for every dE/dp

so that shards need nothing from each other. How many there are is no matter of how many workers
there are: the same bits come out of any cluster of equal machines. The parameters and the optimiser
stay where `fit` was called; what workers hold can be made again from what the scheduler keeps, so
that one that dies is replaced, and changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from .. import settings
from ..errors import OptionError
from ..planning import requested_backend
from .base import Array
from .losses import Loss
from .network import Network

# E and dE/dp under the name of each parameter.
Slope: TypeAlias = tuple[float, dict[str, Array]]


class Cluster:
    """Computes the gradient of a batch on the workers of a dask cluster.

    Parameters
    ----------
    client : distributed.Client
        What tasks are handed to.
    shards : int
        How many parts a batch is computed in.
    """

    def __init__(self, client: Any, shards: int) -> None:
        if not isinstance(shards, int) or shards < 1:
            raise OptionError(f"shards: must be an integer >= 1; got {shards!r}")
        self._client, self._shards = client, shards
        spec, _ = requested_backend(None)
        pinned = settings.AUTOMATIC if spec is None else spec
        self._in_force = settings.context()._replace(backend=pinned)._asdict()

    def slope(self, network: Network, x: Array, target: Array, loss: Loss) -> Slope:
        """E of a batch, and its gradient with respect to every parameter."""
        submit = partial(self._client.submit, pure=False)
        # A task and no scattered data: it can be run again where a worker was lost.
        shared = submit(copy.copy, network)
        parts = [
            submit(slope_of_shard, shared, *part, loss, self._in_force)
            for part in _parts(x, target, self._shards)
        ]
        total: Slope = submit(sum_of_slopes, parts).result()
        return total


def _parts(x: Array, target: Array, shards: int) -> Iterator[tuple[float, Array, Array]]:
    """Share, samples and targets of each shard that has any."""
    for samples in np.array_split(np.arange(len(x)), shards):
        if len(samples):
            part = slice(samples[0], samples[-1] + 1)
            yield len(samples) / len(x), x[part], target[part]


def slope_of_shard(
    network: Network,
    share: float,
    x: Array,
    target: Array,
    loss: Loss,
    in_force: dict[str, Any],
) -> Slope:
    """What a shard adds to E and to its gradient; runs on a worker."""
    # Layers keep what their way back needs: those of other shards may be in this process.
    own = Network([copy.copy(layer) for layer in network.layers])
    with settings.overriding(**in_force):
        value, grad_output = loss(own.forward(x), target)
        _, gradients = own.backward(grad_output)
    return share * value, {name: share * gradient for name, gradient in gradients.items()}


def sum_of_slopes(slopes: Sequence[Slope]) -> Slope:
    """The sum over shards, in their order; runs on a worker."""
    value, first = slopes[0]
    total = {name: gradient.copy() for name, gradient in first.items()}
    for other, gradients in slopes[1:]:
        value += other
        for name, gradient in gradients.items():
            total[name] += gradient
    return value, total
