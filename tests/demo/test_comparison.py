"""Training the same network on several backends: they agree, and refusals are told."""

from __future__ import annotations

import numpy as np
import pytest
from networks import backends_for

import convcore
from convcore.errors import ConvcoreError
from convcore.network import Adam, fit
from convcore.plugin import Refusal

WHY = "the demo's own dependencies are not all installed"
digits = pytest.importorskip("convcore.demo.digits", reason=WHY)
series = pytest.importorskip("convcore.demo.series", reason=WHY)
comparison = pytest.importorskip("convcore.demo.comparison", reason=WHY)

PARTS = {
    "digits": (digits, lambda: digits.task(digits.load(0))),
    "series": (series, lambda: series.task(series.load())),
}


@pytest.fixture(scope="module", params=PARTS)
def part(request):
    """A module of the demo with its task."""
    module, task = PARTS[request.param]
    return module, task()


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-10)])
def test_first_twenty_losses_agree_on_real_data(part, dtype, tolerance):
    module, task = part
    x, target = task.x.astype(dtype), task.target
    target = target.astype(dtype) if target.dtype.kind == "f" else target
    losses = {}
    for name in backends_for(dtype):
        with convcore.use_backend(name):
            losses[name] = fit(
                module.build(0, dtype),
                x,
                target,
                loss=task.loss,
                optimiser=Adam(task.rate),
                batch_size=task.batch_size,
                steps=20,
            )
    assert len(losses["naive"]) == 20
    assert min(losses["naive"][10:]) < 0.8 * losses["naive"][0]
    for name in losses:
        np.testing.assert_allclose(losses[name], losses["naive"], rtol=tolerance)


def test_two_runs_give_the_same_bits(part):
    _, task = part
    runs = [comparison.train(task, "im2col", 0, steps=5) for _ in range(2)]
    assert runs[0].losses == runs[1].losses
    assert len(runs[0].losses) == 5
    assert comparison.difference(runs[0].network, runs[1].network) == 0
    other = comparison.train(task, "im2col", 1, steps=5)
    assert comparison.difference(runs[0].network, other.network) > 0


def test_difference_sees_the_last_weight(part):
    _, task = part
    first, second = task.build(0), task.build(0)
    assert comparison.difference(first, second) == 0
    list(second.parameters.values())[-1][-1] += 0.25
    assert comparison.difference(first, second) == 0.25


def test_naive_takes_part_and_refusals_are_told(isolated, capsys):
    class Shy(convcore.get_backend("im2col")):
        name = "shy"

        @classmethod
        def refusal(cls, geometry, dtype, operation=None):
            return Refusal("SHY", "rank 1 frightens it")

    convcore.register_backend(Shy)
    task = series.task(series.load())
    task = task._replace(x=task.x[:128], target=task.target[:128])
    runs, trained = comparison.compare(task, ["shy"], steps=1, epochs=1, seed=0)
    assert [run.backend for run in runs] == ["naive"]
    assert trained.backend == "naive"
    assert len(trained.losses) == 2
    assert "shy refused: " in capsys.readouterr().out


@pytest.mark.parametrize("run", [digits.run, series.run])
def test_epochs_are_checked(run, tmp_path):
    with pytest.raises(ConvcoreError, match="epochs: must be >= 1; got 0"):
        run(epochs=0, out=tmp_path)


def test_seconds_per_epoch_count_the_steps():
    task = series.task(series.load())
    assert task.steps_per_epoch == -(-len(task.x) // task.batch_size) == 109


@pytest.fixture
def short():
    task = series.task(series.load())
    return task._replace(x=task.x[:64], target=task.target[:64])


def test_without_naive_the_first_that_runs_is_the_reference(short, environment, capsys):
    environment(CONVCORE_BLOCK="naive")
    runs, _ = comparison.compare(short, ["im2col", "fft"], steps=1, epochs=1, seed=0)
    assert [run.backend for run in runs] == ["im2col", "fft"]
    printed = " ".join(capsys.readouterr().out.split())
    assert "difference from im2col's" in printed
    assert "naive" not in printed


def test_naive_that_cannot_be_loaded_is_left_out(short, isolated, monkeypatch):
    monkeypatch.setattr(comparison, "available", lambda: ["im2col"])
    runs, _ = comparison.compare(short, None, steps=1, epochs=1, seed=0)
    assert [run.backend for run in runs] == ["im2col"]


def test_somebody_has_to_run(short, environment):
    environment(CONVCORE_BLOCK="naive")
    with pytest.raises(ConvcoreError, match="backends: one at least must run this; got naive"):
        comparison.compare(short, ["naive"], steps=1, epochs=1, seed=0)
