"""scikit-image's filters on ours."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("skimage")
pytest.importorskip("sklearn")
import scipy.ndimage

from convcore.demo.doors import photograph, turns


def test_all_filters_agree_and_are_drawn(monkeypatch, tmp_path):
    monkeypatch.setattr(turns, "ENOUGH", 0.0)
    outcomes = photograph.run(tmp_path / "picture.png")
    assert len(outcomes) == 5
    assert all(outcome.is_same for outcome in outcomes)
    assert all(outcome.theirs > 0 and outcome.ours > 0 for outcome in outcomes)
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_call_inside_runs_on_ours_and_leaves_nothing_behind():
    image, filters = np.random.default_rng(0).random((90, 70)), scipy.ndimage._filters
    before, met = filters._nd_image, []
    for name, call in photograph.calls(image).items():
        photograph.inside(lambda: met.append(filters._nd_image is not before))
        assert photograph.inside(call).shape == image.shape, name
    assert all(met)
    assert filters._nd_image is before
