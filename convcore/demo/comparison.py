"""The same training on several backends, from the same weights, over the same batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from .. import registry
from ..errors import ConvcoreError, UnsupportedError
from ..network import Adam, Loss, Network, fit
from ..planning import use_backend
from ..plugin import Array
from ..terminal import Progress, progress, table
from ..text import seconds, three_digits

# What every backend is held against, where it is available; else the first that runs.
_REFERENCE = "naive"
# Adam divides by the size of the gradient: with its usual 1e-8 it makes a whole step out of what
# rounding leaves of a gradient that ought to be 0, and the comparison would show little else.
_EPSILON = 1e-5


class Task(NamedTuple):
    """A network, what it learns from, and how well it has to do what.

    `build` makes the network from a seed; `score` says how good it is on held-out data, and
    `write` puts that number into words.
    """

    title: str
    build: Callable[[int], Network]
    x: Array
    target: Array
    loss: Loss
    rate: float
    batch_size: int
    score: Callable[[Network], float]
    write: Callable[[float], str]

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches that show every sample once."""
        return ceil(len(self.x) / self.batch_size)


class Run(NamedTuple):
    """One training: its losses and its result; `seconds` are those of one epoch."""

    backend: str
    network: Network
    losses: list[float]
    score: float
    seconds: float


class Outcome(NamedTuple):
    """What a part of the demo found, and the pictures it wrote."""

    runs: list[Run]
    trained: Run
    pictures: list[Path]


def compare(
    task: Task, backends: Sequence[str] | None, steps: int, epochs: int, seed: int
) -> tuple[list[Run], Run]:
    """Train `steps` steps on each backend, then all epochs on the fastest; print a table.

    Parameters
    ----------
    task : Task
        What is learned.
    backends : sequence of str, optional
        Names; all available ones by default. The naive backend takes part wherever it can.
    steps : int
        Length of the trainings that are compared.
    epochs : int
        Length of the training that counts.
    seed : int
        Decides the initial weights and the order of the batches.

    Returns
    -------
    runs : list of Run
        The short ones; the first, naive's wherever it can run, is what the others are held against.
    trained : Run
        The long one.

    Raises
    ------
    ConvcoreError
        If epochs is not at least 1, or no backend runs.
    """
    if epochs < 1:
        raise ConvcoreError(f"epochs: must be >= 1; got {epochs}")
    here = available()
    names = list(dict.fromkeys([*({_REFERENCE} & set(here)), *(backends or here)]))
    runs: list[Run] = []
    total = len(names) * steps + epochs * task.steps_per_epoch
    with progress(task.title) as report:
        for position, name in enumerate(names):
            try:
                shifted = _shifted(report, position * steps, total, name)
                runs.append(train(task, name, seed, steps=steps, report=shifted))
            except UnsupportedError as error:
                print(f"{name} refused: {error}")
        if not runs:
            raise ConvcoreError(f"backends: one at least must run this; got {', '.join(names)}")
        fastest = min(runs, key=lambda run: run.seconds).backend
        shifted = _shifted(report, len(names) * steps, total, fastest)
        trained = train(task, fastest, seed, epochs=epochs, report=shifted)
    _print(task, runs, trained)
    return runs, trained


def available() -> list[str]:
    """Names of the backends that can be loaded here, those meant to run only by name too."""
    return [record.name for record in registry.backends() if record.state == "available"]


def _shifted(report: Progress, start: int, total: int, name: str) -> Callable[[int, float], object]:
    """Return a report of (step, loss) that counts on from `start`."""
    return lambda step, loss: report(start + step, total, f"{name}: loss {loss:.4f}")


def train(
    task: Task,
    backend: str,
    seed: int,
    *,
    epochs: int = 1,
    steps: int | None = None,
    report: Callable[[int, float], object] = lambda step, loss: None,
) -> Run:
    """Train a fresh network on one backend, for at most `steps` steps.

    The seconds are those of the median step, times the steps of an epoch: planning in the first
    step and whatever else the machine does now and then stay out.
    """
    network = task.build(seed)
    ticks = [time.perf_counter()]

    def tick(step: int, loss: float) -> None:
        ticks.append(time.perf_counter())
        report(step, loss)

    with use_backend(backend):
        losses = fit(
            network,
            task.x,
            task.target,
            loss=task.loss,
            optimiser=Adam(task.rate, epsilon=_EPSILON),
            epochs=epochs,
            batch_size=task.batch_size,
            steps=steps,
            seed=seed,
            report=tick,
        )
        score = task.score(network)
    step_seconds = median(np.diff(ticks)) if losses else 0.0
    return Run(backend, network, losses, score, float(step_seconds) * task.steps_per_epoch)


def difference(first: Network, second: Network) -> float:
    """Largest absolute difference between the parameters of two networks."""
    pairs = zip(first.parameters.values(), second.parameters.values(), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def _print(task: Task, runs: Sequence[Run], trained: Run) -> None:
    columns = (
        "backend",
        "steps",
        "last loss",
        "held-out",
        "time per epoch",
        f"weights: largest difference from {runs[0].backend}'s",
    )
    rows = [
        [
            *_cells(task, run),
            three_digits(difference(run.network, runs[0].network)),
        ]
        for run in runs
    ]
    rows.append([f"{trained.backend}, to the end", *_cells(task, trained)[1:], None])
    table(f"{task.title}: {len(task.x)} samples, from the same weights", columns, rows, "lrrrrr")


def _cells(task: Task, run: Run) -> list[str | None]:
    return [
        run.backend,
        str(len(run.losses)),
        f"{run.losses[-1]:.6f}" if run.losses else None,
        task.write(run.score),
        seconds(run.seconds),
    ]
