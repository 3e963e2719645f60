"""The series part of the demo: a recording, foretold better than by both baselines."""

from __future__ import annotations

import numpy as np
import pytest
from networks import check_pictures

from convcore.errors import ConvcoreError

WHY = "the demo's own dependencies are not all installed"


series = pytest.importorskip("convcore.demo.series", reason=WHY)


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
