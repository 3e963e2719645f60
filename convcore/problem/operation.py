"""The three operations, and who plays which role in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from ..errors import OptionError

Operation: TypeAlias = Literal["forward", "grad_input", "grad_weight"]
OPERATIONS: tuple[Operation, ...] = ("forward", "grad_input", "grad_weight")

# What an array stands for: the output and the gradient with respect to it have one shape.
Role: TypeAlias = Literal["input", "weight", "output"]
# Of the first operand, of the second, and of the result.
ROLES: Mapping[Operation, tuple[Role, Role, Role]] = {
    "forward": ("input", "weight", "output"),
    "grad_input": ("output", "weight", "input"),
    "grad_weight": ("output", "input", "weight"),
}
# What the methods of `Convolution` call the two operands.
OPERANDS: Mapping[Operation, tuple[str, str]] = {
    "forward": ("input", "weight"),
    "grad_input": ("grad_output", "weight"),
    "grad_weight": ("grad_output", "input"),
}


def parse_operation(operation: object) -> Operation | None:
    """`operation` if it is one of the three, or None for all of them."""
    if operation is None:
        return None
    for known in OPERATIONS:
        if isinstance(operation, str) and operation == known:
            return known
    raise OptionError(
        f"operation: must be one of {', '.join(OPERATIONS)} or None; got {operation!r}"
    )
