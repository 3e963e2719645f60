"""Layers of networks from a file: which problems they are, what is told of them, and the status."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import convcore
from convcore.testing import operands

FOLDER = Path(__file__).parents[2] / "asv_bench"
DENSE = {
    "kind": "conv",
    "x": [1, 6, 8, 7],
    "w": [4, 3, 3, 2],
    "stride": [2, 1],
    "padding": [[1, 1], [0, 1]],
    "output_padding": [0, 0],
    "dilation": [1, 2],
    "groups": 2,
    "calls": 3,
    "example": "net_a",
    "class": "grouped",
}
TRANSPOSED = DENSE | {
    "kind": "conv_transpose",
    "x": [1, 4, 5],
    "w": [4, 3, 4],
    "stride": [2],
    "padding": [[1, 0]],
    "output_padding": [1],
    "dilation": [1],
    "groups": 1,
    "example": "net_b",
    "class": "transposed",
}


@pytest.fixture(scope="module")
def zoo():
    """The script, with the modules beside it."""
    names = ("zoo_layers", "zoo_report", "zoo")
    for name in names:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    yield module
    for name in names:
        del sys.modules[name]


@pytest.fixture
def written(tmp_path):
    """A file of these lines."""

    def write(*lines):
        path = tmp_path / "layers.jsonl"
        path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
        return path

    return write


def test_a_layer_is_the_problem_that_the_line_describes(zoo, written):
    layer, adjoint = zoo.layers.read(written(DENSE, TRANSPOSED), batch=2)
    geometry = layer.problem.geometry
    expected = {"stride": (2, 1), "padding": ((1, 1), (0, 1)), "dilation": (1, 2), "groups": 2}
    assert geometry == convcore.Geometry.of((2, 6, 8, 7), (4, 3, 3, 2), **expected)
    assert (layer.kind, layer.network, layer.calls) == ("grouped", "net_a", 3)
    assert layer.problem.name == "1 6x8x7 4x3x3x2/2x1 d1x2 g2"
    assert adjoint.problem.geometry.output_shape == (2, 4, 5)


@pytest.mark.parametrize("wanted", ["forward", "grad_input"])
def test_a_transposed_layer_is_timed_as_the_adjoint_of_a_convolution(zoo, written, wanted):
    (layer,) = zoo.layers.read(written(TRANSPOSED))
    geometry, operation = layer.problem.geometry, layer.operation(wanted)
    first, weight = operands("integers", geometry, "float64", operation)
    options = {"stride": 2, "padding": ((1, 0),)}
    plan = convcore.plan(geometry.input_shape, geometry.weight_shape, dtype="float64", **options)
    found = getattr(plan, operation)(first, weight)
    if wanted == "forward":
        expected = convcore.conv_transpose(first, weight, output_padding=1, **options)
    else:
        expected = convcore.conv(first, weight, **options)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"kind": "conv"}', json.dumps(DENSE | {"groups": 5})]
)
def test_a_line_that_is_no_layer_is_told_with_its_number(zoo, tmp_path, capsys, line):
    path = tmp_path / "layers.jsonl"
    path.write_text(json.dumps(DENSE) + "\n" + line, encoding="utf-8")
    assert zoo.main([str(path)]) == 2
    assert "layers.jsonl, line 2: describes no layer" in capsys.readouterr().err


def test_layers_are_selected_by_words_and_drawn_by_a_seed(zoo, written):
    found = zoo.layers.read(written(DENSE, TRANSPOSED, DENSE | {"example": "net_c"}))
    select = zoo.layers.select
    assert select(found, classes=["group"]) == [found[0], found[2]]
    assert select(found, networks=["NET_B", "net_c"]) == found[1:]
    assert select(found, count=2, seed=5) == select(found, count=2, seed=5)
    assert len(select(found, count=2)) == 2


def record(layer, ours, network="net", calls=1, wrong=(), **peers):
    row = {"layer": layer, "class": layer[0], "network": network, "calls": calls, "flop": 1e9}
    row |= {"operation": "forward", "backend": "direct", "ours": {"auto": ours}, "peers": peers}
    return row | {"wrong": list(wrong)}


def test_ratios_are_told_per_class_and_per_network(zoo, tmp_path, capsys):
    rows = [
        record("a1", 1.0, calls=2, torch=2.0, nhwc=4.0),
        record("a2", 1.0, torch=8.0, nhwc=1.0),
        record("b1", 2.0, torch=1.0),
    ]
    path = tmp_path / "found.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert zoo.main([str(path), "--network", "net", "--plot", str(tmp_path / "zoo.png")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["a", "2", "4.00", "2.00", "1.41", "100", "%", "1.00"] in lines
    assert ["b", "1", "0.50", "-", "0.50", "0", "%", "0.50"] in lines
    # The calls weigh: (2 * 2 + 8 + 1) / (2 * 1 + 1 + 2); one layer has no time of the other peer.
    assert ["net", "4", "5.00", "s", "2.60", "-", "1.20"] in lines
    assert (tmp_path / "zoo.png").stat().st_size > 1000


def test_a_wrong_result_is_told_and_is_the_status(zoo, tmp_path, capsys):
    path = tmp_path / "found.json"
    rows = [record("a1", 1.0, torch=2.0, wrong=["torch: differs"])]
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert zoo.main([str(path)]) == 1
    assert "WRONG: a1 forward: torch: differs" in capsys.readouterr().out


def test_a_run_times_the_choice_against_every_backend(zoo, written, tmp_path, capsys):
    path = tmp_path / "found.json"
    options = ["--choice", "--rounds", "1", "--limit", "0.01", "--json", str(path)]
    assert zoo.main([str(written(DENSE)), *options]) == 0
    (row,) = json.loads(path.read_text())
    assert {"auto", "naive", "im2col"} <= row["ours"].keys()
    assert row["backend"] in row["ours"]
    assert row["peers"] == {}
    assert "grouped" in capsys.readouterr().out
