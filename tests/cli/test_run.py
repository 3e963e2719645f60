"""`convcore run`: what it prints and writes, and what it refuses."""

import sys

import numpy as np
import pytest

from convcore.cli import main

X = np.ones((1, 2, 6, 6), "float32")


@pytest.fixture
def files(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx_models import model, node

    w = np.ones((3, 2, 3, 3), "float32")
    nodes = [node("Conv", "a", "w", outputs=["h"]), node("Relu", "h", outputs=["r"])]
    nodes += [node("Add", "r", "b", outputs=["y"])]
    made = model(nodes, {"a": X, "b": X[:, :1, :1, :1]}, {"w": w})
    onnx.save(made, tmp_path / "model.onnx")
    np.save(tmp_path / "a.npy", X)
    np.save(tmp_path / "b.npy", X[:, :1, :1, :1])
    return tmp_path


def test_the_table_and_the_outputs(files, capsys):
    argv = ["run", f"{files}/model.onnx", "--input", f"{files}/a.npy"]
    argv += ["--input", f"b={files}/b.npy", "--output", f"{files}/y.npz", "--repeat", "2"]
    assert main(argv) == 0
    out, err = capsys.readouterr()
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.strip()}
    assert lines["Conv"][1] == lines["Relu"][1] == lines["Add"][1] == "1"
    assert sum(float(lines[name][3].rstrip("%")) for name in ("Conv", "Relu", "Add")) > 97
    assert "model.onnx:" in out
    assert "float32" in lines["y"][1]
    assert "Running: 6/6" in err
    assert np.array_equal(np.load(files / "y.npz")["y"], np.full((1, 3, 4, 4), 19))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["a.npy"], "--input: must be given for every input; got none for ['b']"),
        (["c=a.npy"], "--input: must be for one of ['a', 'b']; got 'c="),
        (["a.npy", "b.npy", "a.npy"], "--input: must be for one of []; got"),
        (["model.onnx"], "--input: must be a file of numpy.save; got"),
        (["none.npy"], "No such file"),
    ],
)
def test_inputs_that_do_not_fit(files, capsys, inputs, message):
    argv = ["run", f"{files}/model.onnx"]
    for entry in inputs:
        name, _, path = entry.rpartition("=")
        argv += ["--input", f"{name}{'=' if name else ''}{files}/{path}"]
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("convcore run: ")
    assert message in err


def test_a_file_that_is_no_model(files, capsys):
    assert main(["run", f"{files}/a.npy"]) == 2
    assert "model: must be a file in ONNX's format; got " in capsys.readouterr().err


def test_an_operator_that_nobody_knows(files, capsys):
    onnx = pytest.importorskip("onnx")
    made = onnx.load(files / "model.onnx")
    made.graph.node[1].domain = "own"
    made.opset_import.append(onnx.helper.make_opsetid("own", 1))
    onnx.save(made, files / "own.onnx")
    assert main(["run", f"{files}/own.onnx"]) == 2
    assert "convcore run: model: Node type 'Relu'" in capsys.readouterr().err


def test_without_onnx_the_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "convcore.adapters.onnx", None)
    monkeypatch.setitem(__import__("sys").modules, "google.protobuf.message", None)
    assert main(["run", "model.onnx"]) == 2
    assert capsys.readouterr().err.startswith("convcore run: ")


def test_without_onnx_it_says_what_to_install(monkeypatch, capsys):
    for name in ("onnx", "onnx.reference", "google"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "convcore.adapters.onnx", raising=False)
    assert main(["run", "model.onnx"]) == 2
    assert 'install it with: pip install "convcore[onnx]"' in capsys.readouterr().err
