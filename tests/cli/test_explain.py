"""`convcore explain`: how problems are typed, and what is printed."""

from __future__ import annotations

import json

import pytest

import convcore
from convcore.cli import main


def test_explain_as_json_is_what_the_function_returns(capsys):
    argv = "explain 2x6x9x8 4,3,3,2 --stride 2,1 --padding 0:1,1:2 --dilation 1,3 --groups 2"
    assert main([*argv.split(), "--dtype", "float64", "--operation", "grad_input", "--json"]) == 0
    expected = convcore.explain(
        (2, 6, 9, 8),
        (4, 3, 3, 2),
        stride=(2, 1),
        padding=((0, 1), (1, 2)),
        dilation=(1, 3),
        groups=2,
        dtype="float64",
        operation="grad_input",
    )
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(expected.to_dict()))
    assert found["geometry"]["padding"] == [[0, 1], [1, 2]]


def test_explain_all_operations(capsys):
    assert main(["explain", "1x1x9", "1x1x3", "--operation", "all"]) == 0
    expected = convcore.explain((1, 1, 9), (1, 1, 3), operation=None)
    assert capsys.readouterr().out == f"{expected}\n"


@pytest.mark.parametrize(
    ("text", "padding"),
    [("--padding=-1,2", [[-1, -1], [2, 2]]), ("--padding=same_lower", [[1, 1], [1, 0]])],
)
def test_explain_reads_padding(text, padding, capsys):
    assert main(["explain", "1x1x9x8", "1x1x3x2", text, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["geometry"]["padding"] == padding


def test_explain_with_names_in_order(capsys):
    argv = ["explain", "1x1x9", "1x1x3", "--dtype", "int32", "--json", "--backend"]
    assert main([*argv, "fft"]) == 1
    assert json.loads(capsys.readouterr().out)["chosen"] is None
    assert main([*argv, "fft, naive"]) == 0
    assert json.loads(capsys.readouterr().out)["chosen"] == "naive"
