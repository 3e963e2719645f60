"""Quantised convolutions: every integer as the specification has it."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx_models import definition, single

import convcore
from convcore.adapters import onnx as door
from convcore.adapters.onnx import Evaluator
from convcore.adapters.onnx.quantized import beyond

RNG = np.random.default_rng(0)


def bytes_drawn(dtype, *shape):
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("x_dtype", ["uint8", "int8"])
@pytest.mark.parametrize("w_dtype", ["uint8", "int8"])
@pytest.mark.parametrize("zeros", ["none", "one", "each"])
def test_conv_integer(x_dtype, w_dtype, zeros):
    x, w = bytes_drawn(x_dtype, 2, 4, 9, 8), bytes_drawn(w_dtype, 6, 2, 3, 3)
    x_zero = None if zeros == "none" else np.array(7, x_dtype)
    w_zero = {"none": None, "one": np.array(5, w_dtype), "each": bytes_drawn(w_dtype, 6)}[zeros]
    attributes = {"group": 2, "strides": [2, 1], "pads": [1, 1, 0, 2]}
    made, feeds = single("ConvInteger", x, w, x_zero, w_zero, **attributes)
    (y,) = Evaluator(made).run(None, feeds)
    far = x.astype(int) - (0 if x_zero is None else int(x_zero))
    weight = w.astype(int) - (0 if w_zero is None else w_zero.astype(int).reshape(-1, 1, 1, 1))
    assert y.dtype == np.int32
    assert np.array_equal(y, definition(far, weight, (2, 1), [(1, 0), (1, 2)], (1, 1), 2))


@pytest.mark.parametrize("channels", [16, 700])
def test_sums_are_exact_however_long(channels):
    x = np.full((1, channels, 3, 3), 255, "uint8")
    w = np.full((1, channels, 3, 3), 255, "uint8")
    w[0, 0, 0, 0] = 254
    assert beyond(w, None).dtype == ("float32" if channels < 20 else "float64")
    for constant in ((), (1,)):
        made, feeds = single("ConvInteger", x, w, constant=constant)
        (sums,) = Evaluator(made).run(None, feeds)
        assert int(sums.item()) == 255 * (255 * 9 * channels - 1)


# Places of the weight and of its zero point.
PLACES = {"ConvInteger": (1, 3), "QLinearConv": (3, 5)}


def operands(operator, x, w, w_zero):
    if operator == "ConvInteger":
        return x, w, np.array(7, "uint8"), w_zero
    scales = (np.array(scale, "float32") for scale in (0.5, 0.25, 2))
    x_scale, w_scale, y_scale = scales
    return x, x_scale, np.array(7, "uint8"), w, w_scale, w_zero, y_scale, np.array(100, "uint8")


@pytest.mark.parametrize("operator", PLACES)
def test_a_weight_that_is_a_constant_is_prepared_once(operator, monkeypatch):
    x, w, w_zero = (
        bytes_drawn(*drawn) for drawn in (("uint8", 2, 4, 9, 8), ("int8", 6, 4, 3, 3), ("int8", 6))
    )
    arrays = operands(operator, x, w, w_zero)
    plain, feeds = single(operator, *arrays)
    (want,) = Evaluator(plain).run(None, feeds)
    made, feeds = single(operator, *arrays, constant=PLACES[operator])
    evaluator = Evaluator(made)
    monkeypatch.setattr(door.quantized, "beyond", None)
    for batch in (2, 2, 1):
        first = {**feeds, "x0": x[:batch]}
        assert np.array_equal(evaluator.run(None, first)[0], want[:batch])
    assert isinstance(evaluator.rt_nodes_[0].prepared._kept[2], convcore.typing.PreparedWeight)


@pytest.mark.parametrize("operator", PLACES)
@pytest.mark.parametrize("which", [0, 1])
def test_another_weight_or_zero_point_than_the_constant_is_minded(operator, which):
    x, w, w_zero = (
        bytes_drawn(*drawn) for drawn in (("uint8", 1, 4, 9, 8), ("int8", 6, 4, 3, 3), ("int8", 6))
    )
    made, feeds = single(operator, *operands(operator, x, w, w_zero), constant=PLACES[operator])
    changed = [w, w_zero]
    changed[which] = bytes_drawn("int8", *changed[which].shape)
    name = f"x{PLACES[operator][which]}"
    (found,) = Evaluator(made).run(None, {**feeds, name: changed[which]})
    plain, others = single(operator, *operands(operator, x, *changed))
    (want,) = Evaluator(plain).run(None, others)
    assert np.array_equal(found, want)


@pytest.mark.parametrize("operator", PLACES)
def test_a_weight_with_a_zero_point_that_is_an_input_is_not_prepared(operator):
    x, w, w_zero = (
        bytes_drawn(*drawn) for drawn in (("uint8", 1, 4, 9, 8), ("int8", 6, 4, 3, 3), ("int8", 6))
    )
    arrays = operands(operator, x, w, w_zero)
    made, feeds = single(operator, *arrays, constant=PLACES[operator][:1])
    evaluator = Evaluator(made)
    assert evaluator.rt_nodes_[0].prepared is None
    plain, others = single(operator, *arrays)
    (want,) = Evaluator(plain).run(None, others)
    assert np.array_equal(evaluator.run(None, feeds)[0], want)


@pytest.mark.parametrize("per_channel", [False, True])
def test_qlinear_conv_rounds_ties_to_even_and_saturates(per_channel):
    x, w = bytes_drawn("uint8", 1, 3, 24, 24), bytes_drawn("int8", 4, 3, 3, 3)
    w_scale = np.array([0.5, 0.25, 1, 2] if per_channel else 0.5, "float32")
    w_zero = np.array([0, 3, -4, 1] if per_channel else 2, "int8")
    bias = RNG.integers(-1000, 1000, 4, "int32")
    x_scale, y_scale = np.float32(1), np.float32(128)
    arrays = [x, np.array(x_scale), np.array(9, "uint8"), w, w_scale, w_zero]
    arrays += [np.array(y_scale), np.array(100, "uint8"), bias]
    made, feeds = single("QLinearConv", *arrays)
    (y,) = Evaluator(made).run(None, feeds)
    weight = w.astype(int) - w_zero.astype(int).reshape(-1, *(1,) * 3 if per_channel else ())
    sums = definition(x.astype(int) - 9, weight, (1, 1), [(0, 0)] * 2, (1, 1), 1)
    exact = (sums + bias.reshape(-1, 1, 1)) * w_scale.reshape(-1, *(1,) * 2) / 128
    expected = np.clip(np.rint(exact) + 100, 0, 255)
    assert y.dtype == np.uint8
    assert np.array_equal(y, expected)
    assert {0, 255} <= set(y.ravel().tolist())
    assert (exact % 1 == 0.5).any()
