"""What is to be computed, and under which options."""

import numpy as np
import pytest

import convcore
from convcore import Geometry
from convcore.planning import Question
from convcore.problem import OPERATIONS

GEOMETRY = Geometry.of((1, 1, 5), (1, 1, 3))


def test_it_is_asked_under_the_options_in_force():
    with convcore.options(threads=3, max_workspace=7, accuracy="strict", deterministic=True):
        question = Question.now(GEOMETRY, np.dtype("float32"), None)
    assert question.options == (3, "strict", 7, True, "estimate")
    assert Question.now(GEOMETRY, np.dtype("float32"), None).options != question.options


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_operations_are_those_that_have_to_run(operation):
    assert Question.now(GEOMETRY, np.dtype("f4"), operation).operations == (operation,)
    assert Question.now(GEOMETRY, np.dtype("f4"), None).operations == OPERATIONS


def test_equal_questions_are_one_key():
    first, second = (Question.now(GEOMETRY, np.dtype(name), None) for name in ("f4", "float32"))
    assert first == second
    assert hash(first) == hash(second)
    assert first._replace(dtype=np.dtype("f8")) != first
