"""What a program asked for is noted once, with its options."""

from __future__ import annotations

import numpy as np
import pytest

import convcore
from convcore.planning import read_questions


@pytest.fixture
def record(tmp_path, environment):
    path = tmp_path / "asked.jsonl"
    environment(CONVCORE_RECORD=str(path))
    return path


def test_every_question_of_an_automatic_choice_is_noted_once(record):
    x, w = np.ones((2, 3, 9), "float32"), np.ones((4, 3, 3), "float32")
    for _ in range(3):
        _, pullback = convcore.conv_vjp(x, w)
        pullback(np.ones((2, 4, 7), "float32"))
        convcore.plan(x.shape, w.shape)
        with convcore.options(threads=1, accuracy="strict"):
            convcore.plan(x.shape, w.shape, dtype="float64", operation="forward")
    convcore.conv(x, w, backend="naive")
    found = list(read_questions(record))
    asked = [question.operation for question in found]
    assert asked == ["forward", "grad_input", "grad_weight", None, "forward"]
    assert (found[-1].options.threads, found[-1].options.accuracy) == (1, "strict")
    assert str(found[-1].dtype) == "float64"
    assert found[0].geometry == convcore.Geometry.of(x.shape, w.shape)


def test_a_file_that_cannot_be_written_is_told_and_the_call_runs(tmp_path, environment):
    environment(CONVCORE_RECORD=str(tmp_path))
    with pytest.warns(RuntimeWarning, match="CONVCORE_RECORD: cannot note what is asked: "):
        assert convcore.conv(np.ones((1, 1, 5)), np.ones((1, 1, 3))).flat[0] == 3
