"""A plan whose methods take arrays in a caller's order of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import settings
from ..contract import (
    Array,
    PreparedWeight,
    WeightOperation,
    check_operand,
    in_full,
    result_array,
)
from ..problem import OPERANDS, ROLES, Layouts, Operation, Role, parse_extents
from .operand import Operand
from .question import Question
from .slabwise import SlabwiseConvolution

Shape = tuple[int, ...]


def full_shapes(
    layouts: Layouts | None, input_shape: Sequence[int], weight_shape: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """The shapes of input and weight in the library's order."""
    if layouts is None:
        return input_shape, weight_shape
    return (
        layouts.input.full_shape("input", parse_extents("input", input_shape)),
        layouts.weight.full_shape("weight", parse_extents("weight", weight_shape)),
    )


class LaidOutConvolution(SlabwiseConvolution):
    """Computes the three operations on arrays whose axes stand in another order.

    Its geometry is in the library's order; so is a weight once it is prepared.

    Parameters
    ----------
    question : Question
        The problem and its options.
    spec : str, Convolution subclass, tuple of those, or None
        The backends that are asked for.
    layouts : Layouts
        The order of axes of each array.
    lead : tuple of int
        Extents of leading batch axes.
    """

    def __init__(
        self, question: Question, spec: settings.BackendSpec, layouts: Layouts, lead: Shape
    ) -> None:
        super().__init__(question, spec)
        self._layouts, self._lead = layouts, lead
        geometry = question.geometry
        self._shapes: dict[Role, Shape] = {
            "input": layouts.input.own_shape(geometry.input_shape, lead),
            "weight": layouts.weight.own_shape(geometry.weight_shape),
            "output": layouts.output.own_shape(geometry.output_shape, lead),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return LaidOutConvolution, (self._question, self._spec, self._layouts, self._lead)

    def prepare(self, weight: Array, *, operation: WeightOperation | None = None) -> PreparedWeight:
        """Prepare a weight once for many calls of `forward` and `grad_input` of this very plan."""
        check_operand("weight", weight, self._shapes["weight"], self.dtype)
        return super().prepare(self._full("weight", weight), operation=operation)

    def _execute(self, operation: Operation, first: Any, second: Any, out: Any) -> Array:
        first_role, second_role, role = ROLES[operation]
        names = OPERANDS[operation]
        check_operand(names[0], first, self._shapes[first_role], self.dtype)
        if isinstance(second, PreparedWeight) and second_role == "weight":
            result = result_array(out, self._shapes[role], self.dtype, first)
            operand = second.payload(self, operation)
        else:
            check_operand(names[1], second, self._shapes[second_role], self.dtype)
            result = result_array(out, self._shapes[role], self.dtype, first, second)
            operand = self._full(second_role, second)
        source = Operand(self._full(first_role, first), self.dtype)
        self.run(operation, source, Operand(operand, self.dtype), self._full(role, result))
        return result

    def _full(self, role: Role, array: Array) -> Array:
        return in_full(role, array, getattr(self._layouts, role))
