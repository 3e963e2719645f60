"""The digits and series parts of the demo: their data, their results, their pictures."""

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
network_pictures = pytest.importorskip("convcore.demo.network_pictures", reason=WHY)

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


# The digits.


def test_digits_are_split_by_the_seed():
    first, again, other = digits.load(0), digits.load(0), digits.load(1)
    assert first.x.shape == (1437, 1, 8, 8)
    assert first.held_x.shape == (360, 1, 8, 8)
    assert (first.x.min(), first.x.max()) == (-1, 1)
    np.testing.assert_array_equal(first.held_x, again.held_x)
    assert not np.array_equal(first.held_x, other.held_x)
    for split in (first, other):
        images = np.concatenate([split.x, split.held_x]).reshape(1797, 64)
        labels = np.concatenate([split.labels, split.held_labels])
        rows = np.column_stack([images, labels])
        whole = np.column_stack([digits.load_digits().data / 8 - 1, digits.load_digits().target])
        np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(whole, axis=0))


def test_fastest_backend_reads_98_percent_of_the_held_out_digits(tmp_path, capsys):
    outcome = digits.run(backends=["im2col"], out=tmp_path)
    assert outcome.trained.score >= 0.98
    assert len(outcome.trained.losses) == 15 * 45
    assert [run.backend for run in outcome.runs] == ["naive", "im2col"]
    assert comparison.difference(outcome.runs[0].network, outcome.runs[1].network) < 1e-4
    assert {run.backend for run in outcome.runs} >= {outcome.trained.backend}
    check_pictures(outcome, tmp_path)
    printed = capsys.readouterr().out
    for word in ("held-out", "time per epoch", "largest difference", "naive", "im2col"):
        assert word in printed
    assert f"{outcome.trained.score:.2%}" in printed


def check_pictures(outcome, folder):
    """All pictures are there, are PNG images, and are not one colour."""
    from matplotlib.image import imread

    assert sorted(folder.iterdir()) == sorted(outcome.pictures)
    assert len(outcome.pictures) == 4
    for path in outcome.pictures:
        image = imread(path)
        assert min(image.shape[:2]) >= 400
        assert image.std() > 0.05


# The series.


def test_recording_is_a_membrane_potential():
    potential = series.recording()
    assert potential.shape == (10_000,)
    assert -70 < potential.min() < -45
    assert -5 < potential.max() < 20
    spikes = np.sum((potential[:-1] < -20) & (potential[1:] >= -20))
    assert 40 < spikes < 100


def test_windows_end_ten_samples_before_their_target():
    data, potential = series.load(), series.recording()
    scaled = (potential - data.centre) / data.scale
    assert data.held_start == 7000
    assert abs(scaled[:7000].mean()) < 1e-12
    assert scaled[:7000].std() == pytest.approx(1)
    for x, change, start, count in (
        (data.x, data.change, 0, 7000 - 64 - 9),
        (data.held_x, data.held_change, 7000, 3000 - 64 - 9),
    ):
        assert x.shape == (count, 1, 64)
        assert change.shape == (count, 1)
        for n in (0, 100, count - 1):
            now = start + n + 63
            np.testing.assert_allclose(x[n, 0], scaled[now - 63 : now + 1], atol=1e-6)
            assert change[n, 0] == pytest.approx(scaled[now + 10] - scaled[now], abs=1e-6)


def test_baselines_are_what_they_say():
    data = series.load()
    persistence, linear = series.baselines(data).values()
    potential = series.recording()[7000:]
    change = potential[73:] - potential[63:-10]
    assert persistence == pytest.approx(np.sqrt(np.mean(change**2)), rel=1e-6)
    regression = pytest.importorskip("sklearn.linear_model").LinearRegression()
    regression.fit(data.x[:, 0].astype(float), data.change[:, 0].astype(float))
    foreseen = regression.predict(data.held_x[:, 0].astype(float))
    rms = data.scale * np.sqrt(np.mean((foreseen - data.held_change[:, 0]) ** 2))
    assert linear == pytest.approx(rms, rel=1e-3)
    assert linear < persistence


def test_network_beats_both_baselines(tmp_path, capsys):
    outcome = series.run(backends=["im2col"], out=tmp_path)
    assert outcome.trained.score < 0.75 * min(series.baselines(series.load()).values())
    check_pictures(outcome, tmp_path)
    printed = capsys.readouterr().out
    for word in ("persistence", "autoregression", f"{outcome.trained.score:.2f}"):
        assert word in printed


def test_missing_sample_data_is_explained(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError("membrane.dat")

    monkeypatch.setattr(series.cbook, "get_sample_data", missing)
    with pytest.raises(ConvcoreError, match=r"series: needs membrane\.dat .* install Matplotlib"):
        series.recording()


# What both share.


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


def test_mosaic_sets_images_apart():
    sheet = network_pictures.mosaic(np.arange(8.0).reshape(1, 2, 2, 2))
    np.testing.assert_array_equal(sheet, [[0, 1, np.nan, 4, 5], [2, 3, np.nan, 6, 7]])


def test_running_mean_starts_short():
    means = network_pictures._running_mean([4.0, 2.0, 6.0, 0.0], count=2)
    np.testing.assert_allclose(means, [4, 3, 4, 3])


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
