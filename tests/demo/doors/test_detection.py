"""PP-OCR's network finds the text that was drawn; boxes are those of what it found."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("sklearn")
from convcore.demo.doors import detection, turns


def test_every_line_is_found_by_theirs_and_by_ours(monkeypatch, tmp_path):
    if importlib.util.find_spec("rapidocr_onnxruntime") is None:
        pytest.skip("the model is not there")
    monkeypatch.setattr(turns, "ENOUGH", 0.0)
    drawn = {}
    monkeypatch.setattr(
        detection, "draw_boxes", lambda *arguments: drawn.update(boxes=arguments[3])
    )
    outcomes = detection.run(tmp_path / "picture.png")
    assert all(outcome.is_same for outcome in outcomes)
    assert len(drawn["boxes"]) == len(detection.LINES)
    for place, (top, bottom, left, right) in enumerate(sorted(drawn["boxes"])):
        assert top < (0.22 + 0.27 * place) * detection.HEIGHT - 5 < bottom  # where it stands
        assert abs(left - (0.05 + 0.1 * place) * detection.WIDTH) < 20
        assert left + 150 < right < detection.WIDTH


def test_boxes_surround_what_is_likely_and_no_specks():
    probabilities = np.zeros((40, 60), "float32")
    probabilities[10:20, 5:45] = 0.9
    probabilities[14, 20] = 0.1
    probabilities[30:33, 50:54] = 1  # a speck
    assert detection.boxes(probabilities) == [(4.0, 26.0, -1.0, 51.0)]


def test_the_network_gets_blue_first_and_normalised():
    picture = np.zeros((2, 3, 3))
    picture[..., 2] = 0.406  # the mean of blue
    made = detection.prepared(picture)
    assert made.shape == (1, 3, 2, 3)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made[0, 0], 0, atol=1e-6)
    np.testing.assert_allclose(made[0, 2], -0.485 / 0.229, rtol=1e-6)


def test_the_page_fits_the_network():
    page = detection.page()
    assert page.shape == (256, 448, 3)
    assert 0 <= page.min()
    assert page.max() <= 1
