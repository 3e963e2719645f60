"""The problems that a command line names."""

from __future__ import annotations

import argparse
import json

import pytest

import convcore
from convcore.cli.asked import in_lines, named

pytestmark = pytest.mark.usefixtures("isolated")


def arguments(*what, **changes):
    usual = {
        "op": ["forward"],
        "dtype": "float32",
        "batch": None,
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
    }
    return argparse.Namespace(what=list(what), **(usual | changes))


def test_two_shapes_with_their_steps():
    (found,) = named(arguments("2x4x9x9", "6,2,3,3", stride=2, padding="same", groups=2, batch=5))
    assert found.name == "2x4x9x9 * 6x2x3x3"
    assert found.question.geometry == convcore.Geometry.of(
        (5, 4, 9, 9), (6, 2, 3, 3), stride=2, padding="same", groups=2
    )


def test_every_operation_and_dtype_that_is_wanted():
    found = list(named(arguments("1x1x9", "1x1x3", op=["all"], dtype="float64")))
    assert [each.question.operation for each in found] == ["forward", "grad_input", "grad_weight"]
    assert {str(each.question.dtype) for each in found} == {"float64"}


def test_names_of_layers_and_files_in_any_order(tmp_path):
    layer = {"kind": "conv", "x": [1, 1, 9], "w": [1, 1, 3], "groups": 1}
    layer |= {"stride": [1], "padding": [[0, 0]], "dilation": [1]}
    path = tmp_path / "layers.jsonl"
    path.write_text(json.dumps(layer))
    found = [each.name for each in named(arguments("tiny*", str(path), batch=3))]
    assert found == ["tiny 3x3 8c8 b1", "tiny 1d k3 1c16 b1", "3x1x9 * 1x1x3"]
    assert next(in_lines(path, arguments())).name == "1x1x9 * 1x1x3"


def test_a_dtype_that_is_none():
    with pytest.raises((TypeError, convcore.DtypeError)):
        list(named(arguments("1x1x9", "1x1x3", dtype="float99")))
