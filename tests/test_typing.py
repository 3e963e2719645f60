"""Types to annotate with are those that functions take and return."""

import typing

import numpy as np
import pytest

import convcore
from convcore import typing as types


def test_what_functions_return_can_be_named():
    x, w = np.ones((1, 1, 5)), np.ones((1, 1, 3))
    output, pullback = convcore.conv_vjp(x, w)
    plan = convcore.plan(x.shape, w.shape, dtype=x.dtype)
    assert isinstance(convcore.explain(x.shape, w.shape), types.Explanation)
    assert isinstance(convcore.backends()[0], types.BackendRecord)
    assert isinstance(plan.prepare(w), types.PreparedWeight)
    assert callable(pullback)
    assert typing.get_origin(types.Array) is np.ndarray
    assert isinstance(output, np.ndarray)


def test_operations_and_paddings_are_those_that_are_taken():
    assert typing.get_args(types.Operation) == convcore.problem.OPERATIONS
    assert typing.get_args(types.PaddingName) == convcore.problem.PADDING_NAMES


@pytest.mark.parametrize("function", ["conv", "conv_transpose", "conv_grad_input", "conv_vjp"])
def test_the_functions_are_annotated_with_them(function):
    hints = typing.get_type_hints(getattr(convcore, function))
    assert hints["stride"] == types.PerAxis
    assert hints["padding"] == types.Padding
    assert hints["out"] == types.Array | None


def test_all_of_it_is_listed():
    assert types.__all__ == sorted(types.__all__)
    assert all(hasattr(types, name) for name in types.__all__)
