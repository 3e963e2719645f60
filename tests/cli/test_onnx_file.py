"""The convolutions of an ONNX file, where onnx is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import convcore
from convcore.cli import main
from convcore.cli.onnx_file import onnx_questions
from convcore.planning import Question

pytestmark = pytest.mark.usefixtures("isolated")


def test_without_onnx_it_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["tune", str(tmp_path / "network.onnx")]) == 2
    assert "network.onnx: needs onnx to be read; pip install onnx" in capsys.readouterr().err


@pytest.fixture
def network(tmp_path):
    """Write a network of three layers, the last one transposed; the batch is left open."""
    onnx = pytest.importorskip("onnx")
    node, float32 = onnx.helper.make_node, onnx.TensorProto.FLOAT
    nodes = [
        node("Conv", ["x", "w1"], ["a"], name="first", pads=[1, 0, 1, 2], strides=[2, 1]),
        node("Relu", ["a"], ["b"]),
        node("Conv", ["b", "w2"], ["c"], auto_pad="SAME_UPPER", group=2, dilations=[1, 2]),
        node("ConvTranspose", ["c", "w3"], ["y"], name="up", strides=[2, 2], output_padding=[1, 1]),
    ]
    shapes = {"w1": (8, 3, 3, 3), "w2": (6, 4, 3, 3), "w3": (6, 4, 3, 3)}
    weights = [
        onnx.helper.make_tensor(name, float32, shape, np.zeros(shape).ravel())
        for name, shape in shapes.items()
    ]

    def write(batch="N", rows=16):
        graph = onnx.helper.make_graph(
            nodes,
            "network",
            [onnx.helper.make_tensor_value_info("x", float32, [batch, 3, rows, 16])],
            [onnx.helper.make_tensor_value_info("y", float32, None)],
            weights,
        )
        path = tmp_path / "network.onnx"
        onnx.save(onnx.helper.make_model(graph), str(path))
        return path

    return write


@pytest.mark.parametrize(("given", "batch", "samples"), [("N", None, 1), ("N", 4, 4), (2, None, 2)])
def test_every_layer_is_found_with_its_attributes(network, given, batch, samples):
    found = dict(onnx_questions(network(given), batch))
    assert list(found) == ["first", "Conv 2", "up"]
    forward = {"dtype": np.dtype("float32"), "operation": "forward"}
    first = convcore.Geometry.of(
        (samples, 3, 16, 16), (8, 3, 3, 3), stride=(2, 1), padding=((1, 1), (0, 2))
    )
    assert found["first"] == Question.now(first, **forward)
    second = convcore.Geometry.of(
        (samples, 8, 8, 16), (6, 4, 3, 3), padding="same", dilation=(1, 2), groups=2
    )
    assert found["Conv 2"] == Question.now(second, **forward)
    up = found["up"]
    assert up.operation == "grad_input"
    assert up.geometry.output_shape == (samples, 6, 8, 16)
    assert up.geometry.input_shape == (samples, 4, 18, 34)


def test_a_layer_whose_shape_is_left_open_is_told_and_left_out(network):
    with pytest.warns(RuntimeWarning, match="is left out; input: must have a shape that is known"):
        assert list(onnx_questions(network(rows="rows"), 1)) == []


def test_a_damaged_file_is_told(tmp_path, capsys):
    pytest.importorskip("onnx")
    path = tmp_path / "network.onnx"
    path.write_text("Dear reader,\n")
    assert main(["tune", str(path)]) == 2
    assert "network.onnx: must be an ONNX file; " in capsys.readouterr().err


def test_it_is_tuned_layer_by_layer(network, wisdom_file, capsys):
    assert main(["tune", str(network()), "--op", "forward"]) == 0
    out = capsys.readouterr().out
    assert "first" in out
    assert "up (transposed)" in out
