"""Pools of ONNX: the attributes reach the windows; what is more is the reference's."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx import helper
from onnx_models import model, single

from convcore.adapters.onnx import Evaluator

X = np.random.default_rng(0).standard_normal((2, 3, 9, 8)).astype("float32")
ATTRIBUTES = [
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [3, 2], "pads": [1, 0, 1, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 3], "auto_pad": "SAME_UPPER"},
    {"kernel_shape": [3, 3], "strides": [2, 3], "auto_pad": "SAME_LOWER"},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "dilations": [2, 1]},
]


@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
def test_pools_are_those_of_onnxruntime(operator, attributes):
    runtime = pytest.importorskip("onnxruntime")
    made, feeds = single(operator, X, **attributes)
    (ours,) = Evaluator(made).run(None, feeds)
    (theirs,) = runtime.InferenceSession(made.SerializeToString()).run(None, feeds)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert ours.dtype == np.float32


def test_padding_counts_where_it_is_asked_to():
    attributes = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    counted = single("AveragePool", np.ones_like(X), count_include_pad=1, **attributes)
    left_out = single("AveragePool", np.ones_like(X), **attributes)
    pooled = [Evaluator(made).run(None, feeds)[0] for made, feeds in (counted, left_out)]
    corners = [found[0, 0, 0, 0] for found in pooled]
    np.testing.assert_allclose(corners, [4 / 9, 1], rtol=1e-6)


def test_indices_are_the_references():
    names = {"inputs": ["x"], "outputs": ["y", "at"]}
    pool = helper.make_node("MaxPool", **names, kernel_shape=[2, 2], strides=[2, 2])
    made = model([pool], {"x": X}, outputs=("y", "at"))
    values, places = Evaluator(made).run(None, {"x": X})
    assert np.array_equal(X.ravel()[places], values)


@pytest.mark.parametrize(("operator", "reduce"), [("Average", np.mean), ("Max", np.max)])
def test_global_pools(operator, reduce):
    made, feeds = single(f"Global{operator}Pool", X)
    (y,) = Evaluator(made).run(None, feeds)
    np.testing.assert_allclose(y, reduce(X, axis=(2, 3), keepdims=True), rtol=1e-5, atol=1e-6)
