"""Problems as lines of JSON, there and back, and lines that describe none."""

from __future__ import annotations

import json

import numpy as np
import pytest

import convcore
from convcore import settings
from convcore.planning import ADJOINT, Question, fields_of, read_questions

GEOMETRY = convcore.Geometry.of(
    (2, 6, 9, 8), (4, 3, 3, 2), stride=(2, 1), padding=((0, 1), (1, 2)), dilation=(1, 3), groups=2
)
LAYER = {
    "kind": "conv",
    "x": [1, 8, 16],
    "w": [4, 8, 3],
    "stride": [2],
    "padding": [[1, 1]],
    "output_padding": [0],
    "dilation": [1],
    "groups": 1,
    "example": "some/network",
    "calls": 3,
}


def read(tmp_path, *lines, **arguments):
    path = tmp_path / "layers.jsonl"
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    )
    return list(read_questions(path, **arguments))


@pytest.mark.parametrize("operation", ["forward", "grad_input", "grad_weight", None])
def test_a_question_comes_back_as_it_was(tmp_path, operation):
    options = settings.Settings(3, "strict", 1 << 20, "batch")
    question = Question(GEOMETRY, np.dtype("complex64"), operation, options)
    assert read(tmp_path, fields_of(question)) == [question]


def test_how_it_is_planned_is_no_part_of_it():
    options = settings.resolve()
    asked = [
        Question(GEOMETRY, np.dtype("f4"), None, options._replace(planning=planning))
        for planning in settings.PLANNINGS
    ]
    assert fields_of(asked[0]) == fields_of(asked[1])


def test_a_layer_of_a_network_is_asked_as_the_caller_says(tmp_path):
    operations = ("forward", "grad_weight")
    found = read(tmp_path, LAYER, "", operations=operations, dtype="float64", batch=5)
    assert [question.operation for question in found] == list(operations)
    assert {str(question.dtype) for question in found} == {"float64"}
    assert {question.geometry.input_shape for question in found} == {(5, 8, 16)}
    assert found[0].geometry.output_extents == (8,)


@pytest.mark.parametrize("operation", ["forward", "grad_input", "grad_weight"])
def test_a_transposed_layer_is_the_adjoint(tmp_path, operation):
    layer = LAYER | {"kind": "conv_transpose", "w": [8, 4, 3], "output_padding": [1]}
    (found,) = read(tmp_path, layer, operations=(operation,))
    assert found.operation == ADJOINT[operation]
    assert found.geometry.output_shape == (1, 8, 16)
    assert found.geometry.input_extents == (32,)


def test_headers_of_wisdom_are_passed_over(tmp_path):
    assert len(read(tmp_path, {"machine": "abc", "cpu": "Zen"}, LAYER)) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2: describes no problem; "),
        ("[1, 2]", "line 2: describes no problem; "),
        ("[" * 100_000, "line 2: describes no problem; "),
        ("\x00\ufffd", "line 2: describes no problem; "),
        ({"kind": "conv"}, "lacks 'stride'"),
        (LAYER | {"kind": "pool"}, "kind: must be conv or conv_transpose; got 'pool'"),
        (LAYER | {"w": [4, 7, 3]}, "weight: second extent"),
        (LAYER | {"x": None}, "line 2: describes no problem; "),
        (LAYER | {"groups": 1.5}, "groups: must be an integer; got 1.5"),
        (LAYER | {"operation": "backward"}, "operation: must be one of"),
        (LAYER | {"dtype": "float99"}, "line 2: describes no problem; "),
        (LAYER | {"threads": 0}, "threads: must be >= 1; got 0"),
    ],
)
def test_a_line_that_describes_no_problem_is_told(tmp_path, line, told):
    with pytest.raises(convcore.OptionError, match=r"layers\.jsonl, ") as caught:
        read(tmp_path, LAYER, line)
    assert told in str(caught.value)
