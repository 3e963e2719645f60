"""Operands that are taken as they are: converted slab by slab, computed, and rounded once.

A slab is copied to the dtype that is summed in and to the order of axes that a backend takes, so
that no operand is ever converted as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from math import prod
from typing import Any, ClassVar, TypeAlias

import numpy as np

from .. import settings
from ..contract import (
    COPIES,
    FLOAT_NAMES,
    HALF_NAMES,
    INTEGER_NAMES,
    Array,
    Convolution,
    Declaration,
    is_half,
)
from ..errors import UnsupportedError
from ..problem import Geometry, Operation, merged
from .operand import WIDE, Operand, Source, summed_in
from .orders import channels_last, copier
from .question import Question
from .rows import Product, is_pointwise, problems_of_rows, product_of_rows
from .samples import chosen_plan
from .slabs import Slab, largest_slab, slabs, usual_bytes
from .workspace import Workspace, in_lines

# What is done to a result, in place, before it is rounded.
Epilogue: TypeAlias = Callable[[Array], Array]
# A slab, and the plan that computes it.
Step: TypeAlias = tuple[Slab, Convolution]

# Steps of an operation that a plan keeps for its next call, a kilobyte each.
KEPT = 64


def widened(question: Question) -> Question:
    """The question that stands behind one of halves; any other is its own.

    Only a componentwise bound leaves nothing to see but the last rounding, whatever cancels.
    """
    if not is_half(question.dtype):
        return question
    return question._replace(dtype=WIDE, options=question.options._replace(accuracy="strict"))


class SlabwiseConvolution(Convolution):
    """Computes the three operations slab by slab, on operands of any dtype and strides.

    Parameters
    ----------
    question : Question
        The problem and its options; each slab of it is a question of its own.
    spec : str, Convolution subclass, tuple of those, or None
        The backends that are asked for.
    """

    _takes_halves: ClassVar = True
    declaration = Declaration(
        dtypes=(*FLOAT_NAMES, *HALF_NAMES, *INTEGER_NAMES), description="converted slab by slab"
    )

    def __init__(self, question: Question, spec: settings.BackendSpec) -> None:
        options = question.options
        limits = {"threads": options.threads, "max_workspace": options.max_workspace}
        super().__init__(question.geometry, question.dtype, **limits)  # type: ignore[arg-type]
        self._question, self._spec = question, spec
        self._summed = summed_in(question.dtype)
        self._plan_of = lru_cache(maxsize=16)(self._choose)
        self._few_steps_of = lru_cache(maxsize=3)(self._few_steps)
        self._elements_of = lru_cache(maxsize=3)(self._elements)
        self._plan_of_rows = lru_cache(maxsize=4)(self._choose_for_rows)
        # Refuses here what no backend runs, before anything is computed.
        plan = self._whole = self._plan_of(question.geometry)
        self._pointwise = is_pointwise(question.geometry)
        self.name, self._copy = plan.name, copier(plan)  # type: ignore[misc]
        for name in COPIES:
            setattr(self, name, getattr(plan, name))

    def _choose(self, part: Geometry) -> Convolution:
        return chosen_plan(widened(self._question)._replace(geometry=merged(part)), self._spec)

    def _choose_for_rows(self, geometry: Geometry, operation: Operation) -> Convolution | None:
        """The plan of a product of rows, whose results may not depend on each other."""
        with suppress(UnsupportedError):  # a backend may run the problem, and not this one
            question = self._question._replace(geometry=geometry, operation=operation)
            plan = chosen_plan(question, self._spec)
            return plan if plan.declaration.numerics == "componentwise" else None
        return None

    def __reduce__(self) -> tuple[Any, ...]:
        return SlabwiseConvolution, (self._question, self._spec)

    def workspace_bytes(self, operation: Operation) -> int:
        """Converted arrays of the largest slab, and the workspace of its plan, in bytes."""
        parts = {slab.geometry for slab in self._slabs(operation)}
        slabs = max((self._part_bytes(part, operation) for part in parts), default=0)
        return max(slabs, self._row_bytes(operation))

    def _part_bytes(self, part: Geometry, operation: Operation) -> int:
        shapes = (part.input_shape, part.weight_shape, part.output_shape)
        converted = self._summed.itemsize * sum(map(prod, shapes))
        return converted + self._plan_of(part).workspace_bytes(operation)

    def _row_bytes(self, operation: Operation) -> int:
        """The weight in another order, and the workspace of a product of rows."""
        weight, most = self._summed.itemsize * prod(self.geometry.weight_shape), 0
        for problem, way in problems_of_rows(self.geometry, operation):
            plan = self._plan_of_rows(problem, way)
            most = max(most, 0 if plan is None else weight + plan.workspace_bytes(way))
        return most

    def describe(self, operation: Operation) -> str:
        """How the first slab is carried out."""
        slab = next(self._slabs(operation))
        return f"in {self._summed}: {self._plan_of(slab.geometry).describe(operation)}"

    def run(
        self,
        operation: Operation,
        first: Source,
        second: Source,
        out: Array,
        epilogue: Epilogue | None = None,
    ) -> None:
        """Write `operation` of operands that fit to `out`, with `epilogue` before rounding.

        `out` may have the wider dtype that is summed in, and any strides.
        """
        if self._by_rows(operation, first, second, out) or self._channels_last(
            operation, first, second, out
        ):
            if epilogue is not None:
                epilogue(out)
        elif operation == "grad_weight":
            self._sum(first, second, out)
        else:
            self._slab_by_slab(operation, first, second, out, epilogue)

    def _by_rows(self, operation: Operation, first: Source, second: Source, out: Array) -> bool:
        """Write the result, if it is a product of rows."""
        product = self._product(operation, first, second, out) if self._pointwise else None
        plan = product and self._plan_of_rows(product.geometry, product.operation)
        if product is None or plan is None:
            return False
        place = self._in_place(product.out, product.out.shape)
        result = getattr(plan, product.operation)(product.first, product.second, out=place)
        if place is None:
            self._copy(product.out, result)
        return True

    def _product(
        self, operation: Operation, first: Source, second: Source, out: Array
    ) -> Product | None:
        if not (isinstance(first, Operand) and isinstance(second, Operand)):
            return None
        left, right = first.own, second.own
        if left is None or right is None or out.dtype != self.dtype:
            return None
        # What a sample gives must not depend on how many rows there are.
        if self._question.options.deterministic == "batch":
            return None
        return product_of_rows(self.geometry, operation, left, right, out, self._copy)

    def _channels_last(
        self, operation: Operation, first: Source, second: Source, out: Array
    ) -> bool:
        """Write the result, if the backend takes images as they are."""
        if not (isinstance(first, Operand) and isinstance(second, Operand)):
            return False
        one, other = first.own, second.own
        if one is None or other is None or out.dtype != self.dtype:
            return False
        images = (one, other) if operation == "grad_weight" else (one, out)
        if not all(map(channels_last, images)):
            return False
        return self._whole.run_channels_last(
            self.geometry, operation, one, other, out, threads=self.threads
        )

    def _slab_by_slab(
        self,
        operation: Operation,
        first: Source,
        second: Source,
        out: Array,
        epilogue: Epilogue | None,
    ) -> None:
        with self._workspace(operation) as space:
            weight = second.part((), space)
            begin = space.used
            for slab, plan in self._steps(operation):
                source, target = slab.input, out[slab.output]
                if operation == "grad_input":
                    source, target = slab.output, out[slab.input]
                shapes, space.used = plan.geometry.signatures[operation], begin
                pair = first.part(source, space).reshape(shapes[0]), weight.reshape(shapes[1])
                place = self._in_place(target, shapes[2])
                wide = space.array(shapes[2]) if place is None else place
                result: Array = getattr(plan, operation)(*pair, out=wide)
                result = result if epilogue is None else epilogue(result)
                if place is None:
                    self._copy(target, result.reshape(target.shape))

    def _in_place(self, target: Array, shape: tuple[int, ...]) -> Array | None:
        """`target` if a backend can write to it, else None."""
        fits = target.dtype == self._summed and target.flags.carray
        return target.reshape(shape) if fits else None

    def _sum(self, grad_output: Source, input: Source, out: Array) -> None:
        """The gradient with respect to the weight, summed over the slabs before it is rounded."""
        place = self._in_place(out, out.shape)
        total = np.empty(out.shape, self._summed) if place is None else place
        with self._workspace("grad_weight") as space, np.errstate(all="ignore"):
            for number, (slab, plan) in enumerate(self._steps("grad_weight")):
                first, second, shape = plan.geometry.signatures["grad_weight"]
                space.used = 0
                left = grad_output.part(slab.output, space).reshape(first)
                right = input.part(slab.input, space).reshape(second)
                part = space.array(shape) if number else total.reshape(shape)
                plan.grad_weight(left, right, out=part)
                if number:
                    total += part.reshape(out.shape)
        if not self.geometry.batch:
            total.fill(0)
        if place is None:
            self._copy(out, total)

    def _workspace(self, operation: Operation) -> Workspace:
        """Memory for the arrays of the largest slab."""
        return Workspace(self._elements_of(operation), self._summed, self._copy)

    def _elements(self, operation: Operation) -> int:
        shapes = largest_slab(self.geometry, operation, self._slab_elements())
        return sum(in_lines(prod(shape)) for shape in shapes.values())

    def _steps(self, operation: Operation) -> Iterable[Step]:
        """Every slab, and what computes it."""
        few = self._few_steps_of(operation)
        return self._all_steps(operation) if few is None else few

    def _all_steps(self, operation: Operation) -> Iterator[Step]:
        return ((slab, self._plan_of(slab.geometry)) for slab in self._slabs(operation))

    def _few_steps(self, operation: Operation) -> tuple[Step, ...] | None:
        """All steps, where they are few enough to be kept."""
        steps = tuple(islice(self._all_steps(operation), KEPT + 1))
        return steps if len(steps) <= KEPT else None

    def _slabs(self, operation: Operation) -> Iterator[Slab]:
        return slabs(self.geometry, operation, self._slab_elements())

    def _slab_elements(self) -> int:
        """Elements of a slab's input and output together."""
        itemsize, limit = self._summed.itemsize, self.max_workspace
        limit = usual_bytes(self.geometry, itemsize) if limit is None else limit
        return limit // itemsize

    def _compute(self, operation: Operation, first: Array, second: Any, result: Array) -> bool:
        self.run(operation, Operand(first, self.dtype), Operand(second, self.dtype), result)
        return True

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        self._compute("forward", input, weight, output)

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        self._compute("grad_input", grad_output, weight, grad_input)

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        self._compute("grad_weight", grad_output, input, grad_weight)
