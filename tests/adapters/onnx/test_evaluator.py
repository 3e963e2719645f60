"""The evaluator: functions and bodies run on ours, and what nobody reads is forgotten."""

import gc
import importlib.util
import weakref
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator
from onnx_models import OPSET, model, node, single

from convcore.adapters import onnx as door
from convcore.adapters.onnx import OPS, Evaluator

RNG = np.random.default_rng(0)
X = RNG.standard_normal((1, 2, 6, 6)).astype("float32")
W = RNG.standard_normal((2, 2, 3, 3)).astype("float32")
PADS = {"pads": [1, 1, 1, 1]}


@pytest.fixture
def calls(monkeypatch):
    """The shapes that our convolution has met."""
    met = []

    def conv(input, weight, *rest, **keywords):
        met.append(input.shape)
        return original(input, weight, *rest, **keywords)

    original = door.convolutions.conv
    monkeypatch.setattr(door.convolutions, "conv", conv)
    return met


def test_every_operator_has_a_schema():
    assert all(onnx.defs.has(operator.__name__) for operator in OPS)
    assert {operator.__name__ for operator in OPS} <= set(door.__all__)


def test_a_path_bytes_and_a_model_are_taken(tmp_path):
    made, feeds = single("Conv", X, W, constant=(1,))
    onnx.save(made, tmp_path / "model.onnx")
    kinds = [made, made.SerializeToString(), str(tmp_path / "model.onnx")]
    first, *others = [Evaluator(kind).run(None, feeds)[0] for kind in kinds]
    assert all(np.array_equal(first, other) for other in others)


def test_a_function_of_the_model_runs_on_ours(calls):
    opsets = [helper.make_opsetid("", OPSET)]
    body = [node("Conv", "a", "b", outputs=["c"], **PADS)]
    twice = helper.make_function("own", "Layer", ["a", "b"], ["c"], body, opsets)
    layer = helper.make_node("Layer", ["x", "w"], ["y"], domain="own")
    made = model([layer], {"x": X}, {"w": W}, functions=[twice])
    (ours,) = Evaluator(made).run(None, {"x": X})
    (theirs,) = ReferenceEvaluator(made).run(None, {"x": X})
    assert calls == [X.shape]
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def branching():
    """A model whose branch reads names of the graph around it."""

    def branch(operator):
        output = [onnx.ValueInfoProto(name=f"out{operator}")]
        inner = node(operator, "h", outputs=[f"out{operator}"])
        convolved = node("Conv", "x", "w", outputs=["h"], **PADS)
        return helper.make_graph([convolved, inner], operator, [], output)

    choice = helper.make_node(
        "If", ["which"], ["y"], then_branch=branch("Relu"), else_branch=branch("Neg")
    )
    nodes = [node("Identity", "x0", outputs=["x"]), choice]
    return model(nodes, {"x0": X, "which": np.array(True)}, {"w": W})


def test_a_branch_runs_on_ours_and_sees_the_names_around_it(calls):
    made = branching()
    for which in (True, False):
        feeds = {"x0": X, "which": np.array(which)}
        (ours,) = Evaluator(made).run(None, feeds)
        (theirs,) = ReferenceEvaluator(made).run(None, feeds)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert calls == [X.shape] * 2


def chain(length=4):
    nodes = [node("Relu", f"h{i}", outputs=[f"h{i + 1}"]) for i in range(length)]
    return model(nodes, {"h0": X}, outputs=[f"h{length}"])


def test_a_result_is_let_go_after_its_last_reader():
    seen, alive = [], []

    class Relu(onnx.reference.op_run.OpRun):
        def _run(self, x):
            y = np.maximum(x, 0)
            gc.collect()
            alive.append(sum(reference() is not None for reference in seen))
            seen.append(weakref.ref(y))
            return (y,)

    Evaluator(chain(), new_ops=[Relu]).run(None, {"h0": X})
    assert alive == [0, 1, 1, 1]


def test_an_output_that_is_read_inside_is_kept():
    made = chain()
    made.graph.output.append(onnx.ValueInfoProto(name="h2"))
    outputs = Evaluator(made).run(None, {"h0": X})
    assert all(np.array_equal(output, np.maximum(X, 0)) for output in outputs)
    (asked,) = Evaluator(made).run(["h1"], {"h0": X})
    assert np.array_equal(asked, np.maximum(X, 0))


def test_intermediate_results_are_all_there():
    found = Evaluator(chain()).run(None, {"h0": X}, intermediate=True)
    assert {"h0", "h1", "h2", "h3", "h4"} <= set(found)


def test_constants_are_taken_once_and_their_weights_prepared():
    constant = helper.make_node("Constant", [], ["w"], value=onnx.numpy_helper.from_array(W))
    evaluator = Evaluator(model([constant, node("Conv", "x", "w")], {"x": X}))
    assert [each.op_type for each in evaluator.rt_nodes_] == ["Conv"]
    assert np.array_equal(evaluator.rt_nodes_[0].prepared.weight, W)
    (y,) = evaluator.run(None, {"x": X})
    (expected,) = ReferenceEvaluator(single("Conv", X, W)[0]).run(None, {"x0": X, "x1": W})
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def test_watch_sees_every_node_and_its_time():
    seen = []
    Evaluator(chain()).run(None, {"h0": X}, watch=lambda *found: seen.append(found))
    assert [found.op_type for found, _ in seen] == ["Relu"] * 4
    assert all(0 <= seconds < 60 for _, seconds in seen)


def test_a_missing_input_is_named():
    with pytest.raises(RuntimeError, match=r"^h0: must be an input"):
        Evaluator(chain()).run(None, {"x": X})


def page():
    """A picture with text, as the detection model takes it."""
    image = pytest.importorskip("PIL.Image")
    draw, font = pytest.importorskip("PIL.ImageDraw"), pytest.importorskip("PIL.ImageFont")
    picture = image.new("RGB", (320, 192), "white")
    for line, text in enumerate(("A sliding product,", "window by window", "0123456789")):
        place = (12, 14 + 58 * line)
        draw.Draw(picture).text(place, text, "black", font.load_default(size=30))
    return (np.asarray(picture, "float32") / 127.5 - 1).transpose(2, 0, 1)[None].copy()


def test_text_is_detected_as_by_onnxruntime():
    runtime = pytest.importorskip("onnxruntime")
    found = importlib.util.find_spec("rapidocr_onnxruntime")
    if found is None:
        pytest.skip("needs rapidocr-onnxruntime, for its model of PP-OCR's text detection")
    path = str(Path(found.origin).parent / "models" / "ch_PP-OCRv4_det_infer.onnx")
    x = page()
    (ours,) = Evaluator(path).run(None, {"x": x})
    (theirs,) = runtime.InferenceSession(path).run(None, {"x": x})
    assert 0.05 < (theirs > 0.3).mean() < 0.5
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
