"""A network of PyTorch learns the same with ours under it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
from convcore.adapters import torch as door
from convcore.demo.doors import denoising, turns


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """A few steps on small crops."""
    monkeypatch.setattr(turns, "ENOUGH", 0.0)
    monkeypatch.setattr(denoising, "EDGE", 24)
    monkeypatch.setattr(denoising, "ALL_STEPS", 20)


def test_the_losses_are_the_same_and_a_picture_is_drawn(tmp_path):
    (outcome,) = denoising.run(tmp_path / "picture.png")
    assert outcome.is_same
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert not door.installed()


def test_training_takes_noise_off():
    rows, columns = np.mgrid[:64, :64] / 10
    image = np.stack([np.sin(rows), np.cos(columns), np.sin(rows + columns)]) / 2 + 0.5
    network, losses = denoising.trained(image, 100)
    assert losses.shape == (100,)
    assert losses[-5:].mean() < 0.9 * losses[:5].mean()
    noisy = image + 0.15 * np.random.default_rng(3).standard_normal(image.shape)
    clean = denoising.denoised(network, noisy)
    assert denoising.decibels(clean, image) > denoising.decibels(noisy, image) + 0.5


def test_what_fails_leaves_nothing_installed(monkeypatch):
    monkeypatch.setattr(denoising, "trained", lambda image, steps: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        denoising.with_ours(np.zeros((3, 64, 64)), 1)
    assert not door.installed()


def test_decibels_of_a_known_error():
    assert denoising.decibels(np.full(9, 0.1), np.zeros(9)) == pytest.approx(20)
