"""BatchNormalization: by the model's statistics, in every opset; training is the reference's."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx.reference import ReferenceEvaluator
from onnx_models import model, node, single

from convcore.adapters.onnx import Evaluator

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3, 4, 5)).astype("float32")
SCALE, BIAS, MEAN = RNG.standard_normal((3, 3)).astype("float32")
VARIANCE = np.array([0.01, 1, 100], "float32")
ARRAYS = (X, SCALE, BIAS, MEAN, VARIANCE)


@pytest.mark.parametrize("opset", [9, 12, 13, 14, 21])
def test_the_models_statistics_are_used(opset):
    made, feeds = single("BatchNormalization", *ARRAYS, opset=opset, momentum=0.8, epsilon=0.1)
    (y,) = Evaluator(made).run(None, feeds)
    scale, bias, mean, variance = (each.reshape(-1, 1, 1).astype(float) for each in ARRAYS[1:])
    expected = (X - mean) / np.sqrt(variance + 0.1) * scale + bias
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


def test_half_precision_stays():
    made, feeds = single("BatchNormalization", *(each.astype("float16") for each in ARRAYS))
    assert Evaluator(made).run(None, feeds)[0].dtype == np.float16


def test_training_is_the_references():
    names = {"x": X, "s": SCALE, "b": BIAS, "m": MEAN, "v": VARIANCE}
    outputs = ["y", "mean", "variance"]
    made = model(
        [node("BatchNormalization", *names, outputs=outputs, training_mode=1)],
        names,
        outputs=outputs,
    )
    ours = Evaluator(made).run(None, names)
    theirs = ReferenceEvaluator(made).run(None, names)
    assert all(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True))
    np.testing.assert_allclose(ours[0].mean(axis=(0, 2, 3)), BIAS, atol=1e-4)
