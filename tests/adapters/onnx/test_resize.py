"""Resize by whole factors: the reference's numbers, in every mode; the rest is left to it."""

from itertools import product

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx.reference import ReferenceEvaluator
from onnx_models import single

from convcore.adapters.onnx import Evaluator, resize

X = np.arange(2 * 3 * 5, dtype="float32").reshape(1, 2, 3, 5)


def both(arrays, **attributes):
    made, feeds = single("Resize", *arrays, **attributes)
    return Evaluator(made).run(None, feeds)[0], ReferenceEvaluator(made).run(None, feeds)[0]


@pytest.mark.parametrize(("place", "nearest"), list(product(resize.COORDINATES, resize.NEAREST)))
@pytest.mark.parametrize("factors", [(1, 1, 2, 2), (1, 1, 3, 1), (2, 1, 4, 5)])
def test_whole_factors(monkeypatch, factors, place, nearest):
    attributes = {"coordinate_transformation_mode": place, "nearest_mode": nearest}
    ours, theirs = both([X, None, np.array(factors, "float32")], **attributes)
    assert ours.shape == tuple(np.multiply(X.shape, factors))
    assert np.array_equal(ours, theirs)


def test_sizes_in_place_of_factors():
    asymmetric = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    ours, theirs = both([X, None, None, np.array([1, 2, 6, 10])], **asymmetric)
    assert np.array_equal(ours, X.repeat(2, axis=2).repeat(2, axis=3))
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("factors", "attributes"),
    [
        ((1, 1, 1.5, 2), {}),
        ((1, 1, 0.5, 1), {}),
        ((1, 1, 2, 2), {"mode": "linear"}),
        ((1, 1, 2, 2), {"coordinate_transformation_mode": "align_corners"}),
    ],
)
def test_any_other_is_the_references(factors, attributes):
    scales = np.array(factors, "float32")
    usual = {"mode": "nearest", "coordinate_transformation_mode": "half_pixel"}
    nearest = {"nearest_mode": "round_prefer_floor", "keep_aspect_ratio_policy": "stretch"}
    assert resize._whole_factors(X.shape, scales, None, usual | nearest | attributes) is None
    ours, theirs = both([X, None, scales], **attributes)
    assert np.array_equal(ours, theirs)
