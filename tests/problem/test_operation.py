"""The three operations, and who plays which role in each."""

import numpy as np
import pytest

from convcore import Geometry, OptionError
from convcore.problem import OPERANDS, OPERATIONS, ROLES, parse_operation

GEOMETRY = Geometry.of((2, 4, 9), (6, 2, 3), groups=2)


def test_each_operation_leaves_out_the_array_that_it_computes():
    for operation, roles in ROLES.items():
        assert sorted(roles) == ["input", "output", "weight"]
        assert GEOMETRY.result_shape(operation) == GEOMETRY.shape_of(roles[2])
    assert list(ROLES) == list(OPERANDS) == list(OPERATIONS)


def test_operands_are_called_by_their_roles():
    """The gradient with respect to the output has the shape and the place of the output."""
    for operation, names in OPERANDS.items():
        roles = tuple(name.replace("grad_output", "output") for name in names)
        assert roles == ROLES[operation][:2]
        shapes = tuple(GEOMETRY.shape_of(role) for role in roles)
        assert GEOMETRY.operand_shapes(operation) == shapes


def test_names_are_parsed():
    assert [parse_operation(name) for name in OPERATIONS] == list(OPERATIONS)
    assert parse_operation(None) is None
    assert parse_operation(np.str_("forward")) == "forward"


@pytest.mark.parametrize(
    "value", ["x", "Forward", "", 3, [], np.array(["forward", "x"]), b"forward"]
)
def test_what_is_no_operation(value):
    rule = "operation: must be one of forward, grad_input, grad_weight or None; got "
    with pytest.raises(OptionError) as caught:
        parse_operation(value)
    assert str(caught.value) == rule + repr(value)
