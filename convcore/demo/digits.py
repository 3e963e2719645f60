"""A 2-D network that reads handwritten digits: 1,797 real ones, which scikit-learn ships.

Two convolutional layers of 3 x 3, pooling and a dense layer. Every backend trains it for one epoch
from the same initial weights over the same batches; the fastest one then trains it to the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits  # type: ignore[import-untyped]

from ..network import (
    Convolutional,
    Dense,
    Flatten,
    MaxPooling,
    Network,
    accuracy,
    softmax_cross_entropy,
)
from ..plugin import Array
from . import network_pictures as pictures
from .comparison import Outcome, Run, Task, compare

EPOCHS = 15
HELD_OUT = 360
_BATCH_SIZE = 32
_RATE = 0.002


class Digits(NamedTuple):
    """Images of shape (N, 1, 8, 8) from -1 to 1 with their labels, split in two."""

    x: Array
    labels: Array
    held_x: Array
    held_labels: Array


def load(seed: int) -> Digits:
    """Split the digits by a seed: 1,437 to learn from, 360 held out.

    Paper is -1, not 0: as all biases start at 0, paper of 0 would give a z of exactly 0, which is
    where ReLU has its kink and the last bit of a backend's sum decides about the gradient.
    """
    bunch = load_digits()
    images = (bunch.images[:, None] / 8 - 1).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(images))
    held, learned = order[:HELD_OUT], order[HELD_OUT:]
    return Digits(images[learned], bunch.target[learned], images[held], bunch.target[held])


def build(seed: int, dtype: str = "float32") -> Network:
    """Make the network with fresh weights; about 10,000 of them."""
    rng = np.random.default_rng(seed)
    return Network(
        [
            Convolutional(1, 16, (3, 3), padding="same", activation="relu", dtype=dtype, seed=rng),
            Convolutional(16, 32, (3, 3), padding="same", activation="relu", dtype=dtype, seed=rng),
            MaxPooling((2, 2)),
            Flatten(),
            Dense(32 * 4 * 4, 10, dtype=dtype, seed=rng),
        ]
    )


def task(digits: Digits) -> Task:
    """What the network has to learn from the digits."""
    return Task(
        title="Digits",
        build=build,
        x=digits.x,
        target=digits.labels,
        loss=softmax_cross_entropy,
        rate=_RATE,
        batch_size=_BATCH_SIZE,
        score=lambda network: accuracy(network, digits.held_x, digits.held_labels),
        write=lambda share: f"{share:.2%}",
    )


def run(
    *,
    backends: Sequence[str] | None = None,
    epochs: int | None = None,
    out: Path = Path("convcore-demo"),
    seed: int = 0,
) -> Outcome:
    """Train on every backend, print a table and draw pictures.

    Parameters
    ----------
    backends : sequence of str, optional
        Backends to compare; all that are available by default.
    epochs : int, optional
        Passes over the digits on the fastest backend; 15 by default.
    out : Path
        An existing folder for the pictures.
    seed : int
        Decides the split, the initial weights and the order of the batches.

    Returns
    -------
    Outcome
        The trainings and the paths of the pictures.
    """
    digits = load(seed)
    job = task(digits)
    count = EPOCHS if epochs is None else epochs
    runs, trained = compare(job, backends, job.steps_per_epoch, count, seed)
    right = round(trained.score * len(digits.held_x))
    print(
        f"{trained.backend} after {count} epochs: {right} of {len(digits.held_x)} held-out digits "
        f"right, {trained.score:.2%}"
    )
    return Outcome(runs, trained, draw(out, digits, runs, trained))


def draw(out: Path, digits: Digits, runs: Sequence[Run], trained: Run) -> list[Path]:
    """Draw what happened and what was learned."""
    network, x = trained.network, digits.held_x
    title = "Handwritten digits"
    paths = [out / f"digits-{name}.png" for name in ("loss", "filters", "maps", "gradient")]
    pictures.draw_losses(paths[0], title, runs, trained, ylabel="cross-entropy")
    pictures.draw_filters_2d(paths[1], network)
    pictures.draw_maps_2d(paths[2], network, x[:1], digits.held_labels[0])
    samples = [int(np.argmax(digits.held_labels == label)) for label in range(10)]
    pictures.draw_gradients_2d(paths[3], network, x[samples], digits.held_labels[samples])
    print("Pictures:", ", ".join(map(str, paths)))
    return paths
