"""Conv and ConvTranspose: the definition's numbers, whether the weight is fixed or fed."""

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from onnx_models import definition, model, node, single

import convcore
from convcore.adapters.onnx import OPS, Evaluator

RNG = np.random.default_rng(0)
# Extents, kernel, strides, dilations, groups.
SHAPES = [
    ((11,), (3,), (1,), (1,), 1),
    ((9, 8), (3, 2), (2, 1), (1, 2), 2),
    ((8, 8), (1, 1), (3, 2), (1, 1), 4),
    ((6, 5, 7), (2, 3, 3), (1, 2, 2), (2, 1, 1), 1),
]


def drawn(*shape):
    return RNG.standard_normal(shape).astype("float32")


def same_pads(extents, kernel, strides, dilations, upper):
    for axis in zip(extents, kernel, strides, dilations, strict=True):
        extent, taps, stride, dilation = axis
        total = max(0, (-(-extent // stride) - 1) * stride + dilation * (taps - 1) + 1 - extent)
        yield (total // 2, total - total // 2) if upper else (total - total // 2, total // 2)


@pytest.mark.parametrize("constant", [(), (1,), (1, 2)])
@pytest.mark.parametrize("auto_pad", ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize(("extents", "kernel", "strides", "dilations", "groups"), SHAPES)
def test_conv_is_the_definition(extents, kernel, strides, dilations, groups, auto_pad, constant):
    x, w, b = drawn(2, 4, *extents), drawn(8, 4 // groups, *kernel), drawn(8)
    pads = [(1, 2)] * len(extents)
    attributes = {"strides": strides, "dilations": dilations, "group": groups}
    if auto_pad == "NOTSET":
        attributes["pads"] = [pair[end] for end in (0, 1) for pair in pads]
    else:
        attributes["auto_pad"] = auto_pad
        pads = [(0, 0)] * len(extents)
        if auto_pad != "VALID":
            upper = auto_pad == "SAME_UPPER"
            pads = list(same_pads(extents, kernel, strides, dilations, upper))
    made, feeds = single("Conv", x, w, b, constant=constant, **attributes)
    evaluator = Evaluator(made)
    for _ in range(2):
        (y,) = evaluator.run(None, feeds)
        expected = definition(x, w, strides, pads, dilations, groups)
        expected += b.reshape(-1, *(1,) * len(extents))
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)


def transposed(x, w, stride, pads, dilation, groups, shape):
    """The adjoint of the definition, column by column of its matrix."""
    result = np.zeros(shape)
    for place in np.ndindex(shape[1:]):
        unit = np.zeros((1, *shape[1:]))
        unit[(0, *place)] = 1
        column = definition(unit, w, stride, pads, dilation, groups)[0]
        result[(slice(None), *place)] = (x * column).reshape(len(x), -1).sum(axis=1)
    return result


@pytest.mark.parametrize("constant", [(), (1,), (1, 2)])
@pytest.mark.parametrize(
    ("attributes", "pads", "extents"),
    [
        ({}, [(0, 0)], 11),
        ({"pads": [1, 2]}, [(1, 2)], 8),
        ({"output_padding": [1]}, [(0, -1)], 12),
        ({"auto_pad": "SAME_UPPER"}, [(0, 1)], 10),
        ({"auto_pad": "SAME_LOWER"}, [(1, 0)], 10),
        ({"output_shape": [8]}, [(2, 1)], 8),
        ({"output_shape": [8], "auto_pad": "SAME_UPPER"}, [(1, 2)], 8),
        ({"output_shape": [9], "output_padding": [1]}, [(2, 0)], 9),
    ],
)
def test_conv_transpose_is_the_adjoint(attributes, pads, extents, constant):
    x, w, b = drawn(2, 4, 5), drawn(4, 3, 3), drawn(6)
    made, feeds = single(
        "ConvTranspose", x, w, b, constant=constant, group=2, strides=[2], **attributes
    )
    evaluator = Evaluator(made)
    for _ in range(2):
        (y,) = evaluator.run(None, feeds)
        cut = [(before, max(after, 0)) for before, after in pads]
        ends = extents + min(pads[0][1], 0)
        expected = np.zeros((2, 6, extents))
        expected[..., :ends] = transposed(x, w, (2,), cut, (1,), 2, (2, 6, ends))
        np.testing.assert_allclose(y, expected + b[:, None], rtol=1e-4, atol=1e-4)


def kept(evaluator):
    return evaluator.rt_nodes_[0].prepared._kept


def test_a_fixed_weight_is_prepared_once_for_a_shape():
    x, w = drawn(1, 4, 9, 9), drawn(8, 4, 3, 3)
    evaluator = Evaluator(single("Conv", x, w, constant=(1,))[0])
    evaluator.run(None, {"x0": x})
    first = kept(evaluator)
    assert isinstance(first[2], convcore.typing.PreparedWeight)
    evaluator.run(None, {"x0": x + 1})
    assert kept(evaluator) is first
    evaluator.run(None, {"x0": drawn(1, 4, 7, 9)})
    assert kept(evaluator) is not first


def test_a_plan_follows_the_options_in_force():
    x, w = drawn(1, 4, 9, 9), drawn(8, 4, 3, 3)
    evaluator = Evaluator(single("Conv", x, w, constant=(1,))[0])
    evaluator.run(None, {"x0": x})
    with convcore.use_backend("naive"), convcore.options(threads=1):
        evaluator.run(None, {"x0": x})
        assert (kept(evaluator)[1].name, kept(evaluator)[1].threads) == ("naive", 1)


def test_an_initialiser_that_is_fed_anew_is_not_the_prepared_one():
    x, w = drawn(1, 2, 9), drawn(3, 2, 3)
    made = model([node("Conv", "x", "w")], {"x": x, "w": w}, {"w": w})
    evaluator = Evaluator(made)
    assert evaluator.required_inputs == ["x"]
    (y,) = evaluator.run(None, {"x": x})
    (doubled,) = evaluator.run(None, {"x": x, "w": 2 * w})
    np.testing.assert_allclose(doubled, 2 * y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
def test_other_precisions(operator, dtype):
    x, w = drawn(1, 4, 6, 6).astype(dtype), drawn(4, 4, 3, 3).astype(dtype)
    made, feeds = single(operator, x, w, constant=(1,))
    (y,) = Evaluator(made).run(None, feeds)
    run = convcore.conv if operator == "Conv" else convcore.conv_transpose
    assert y.dtype == dtype
    np.testing.assert_allclose(y, run(x.astype(float), w.astype(float)), rtol=1e-2, atol=1e-2)


def test_what_we_do_not_compute_in_is_the_references():
    pytest.importorskip("ml_dtypes")
    nodes = [
        helper.make_node("Cast", ["x"], ["xb"], to=TensorProto.BFLOAT16),
        helper.make_node("Cast", ["w"], ["wb"], to=TensorProto.BFLOAT16),
        node("Conv", "xb", "wb"),
    ]
    x, w = drawn(1, 2, 6, 6), drawn(3, 2, 3, 3)
    made = model(nodes, {"x": x, "w": w}, opset=22)
    (ours,) = Evaluator(made).run(None, {"x": x, "w": w})
    (theirs,) = ReferenceEvaluator(made).run(None, {"x": x, "w": w})
    assert ours.dtype.name == "bfloat16"
    assert np.array_equal(ours, theirs)


def test_operators_serve_the_plain_evaluator_too():
    x, w = drawn(1, 4, 9, 9), drawn(8, 4, 3, 3)
    made, feeds = single("Conv", x, w, constant=(1,))
    (ours,) = ReferenceEvaluator(made, new_ops=OPS).run(None, feeds)
    assert np.array_equal(ours, convcore.conv(x, w))
