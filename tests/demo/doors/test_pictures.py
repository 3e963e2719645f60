"""The pictures of the doors: text where it is asked for, files where they are named."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.image import imread

from convcore.demo.doors.pictures import draw_boxes, draw_images, written

PNG = b"\x89PNG"


def test_text_is_written_over_an_image_and_leaves_the_rest():
    image = np.full((320, 640, 3), 0.2)
    image[-20:, :300] = 0.6
    picture = written(image, ["Words", "more of them"])
    assert picture.shape == image.shape
    assert picture.max() == 1
    changed = (abs(picture - image) > 0.01).any(axis=2)
    assert 0.005 < changed.mean() < 0.2
    assert not changed[160 + 80 :].any()  # rows below both lines
    assert picture[-10, 10] == pytest.approx(0.6, abs=0.01)


def test_without_text_an_image_stays_as_it_is():
    image = np.random.default_rng(0).random((37, 50, 3))
    assert abs(written(image, []) - image).max() <= 1 / 255


@pytest.mark.parametrize("count", [1, 2, 4])
def test_images_are_drawn(count, tmp_path):
    images = {f"image {place}": np.eye(8 + place) for place in range(count)}
    draw_images(tmp_path / "images.png", "title", images)
    drawn = imread(tmp_path / "images.png")[..., :3]
    black = (drawn[60:] < 0.1).all(axis=2).mean()  # all but the diagonals
    assert black > 0.3


def test_boxes_are_drawn(tmp_path):
    paths = [tmp_path / name for name in ("with.png", "without.png")]
    for path, boxes in zip(paths, ([(2.0, 8.0, 1.0, 9.0)], []), strict=True):
        draw_boxes(path, np.zeros((10, 10, 3)), np.zeros((10, 10)), boxes)
        assert path.read_bytes().startswith(PNG)
    assert paths[0].read_bytes() != paths[1].read_bytes()
