"""float16: widened to float32 slab by slab, computed there, and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from typing import Any, ClassVar, TypeAlias

import numpy as np

from .. import settings
from ..contract import FLOAT16, Array, Convolution, Declaration
from ..problem import Geometry, Operation
from .question import Question
from .samples import chosen_plan
from .slabs import Slab, slabs

WIDE = np.dtype("float32")
# Widened input and output of a slab together.
DEFAULT_BYTES = 32 * 2**20

# What is done to a float32 result, in place, before it is rounded.
Epilogue: TypeAlias = Callable[[Array], Array]


def widened(question: Question) -> Question:
    """The question that stands behind one of float16.

    Only a componentwise bound leaves nothing to see but the last rounding, whatever cancels.
    """
    return question._replace(dtype=WIDE, options=question.options._replace(accuracy="strict"))


class Float16Convolution(Convolution):
    """Computes the three operations on float16 arrays through float32 plans.

    Parameters
    ----------
    question : Question
        The problem and its options; each slab of it is a question of its own.
    spec : str, Convolution subclass, tuple of those, or None
        The backends that are asked for.
    """

    _dtypes: ClassVar = frozenset({FLOAT16})
    declaration = Declaration(dtypes=("float16",), description="float32, rounded once")

    def __init__(self, question: Question, spec: settings.BackendSpec) -> None:
        options = question.options
        limits = {"threads": options.threads, "max_workspace": options.max_workspace}
        super().__init__(question.geometry, FLOAT16, **limits)  # type: ignore[arg-type]
        self._question, self._spec = question, spec
        self._plan_of = lru_cache(maxsize=16)(self._choose)
        # Refuses here what no backend runs, before anything is computed.
        self.name = self._plan_of(question.geometry).name  # type: ignore[misc]

    def _choose(self, part: Geometry) -> Convolution:
        return chosen_plan(widened(self._question)._replace(geometry=part), self._spec)

    def __reduce__(self) -> tuple[Any, ...]:
        return Float16Convolution, (self._question, self._spec)

    def workspace_bytes(self, operation: Operation) -> int:
        """Widened arrays of the largest slab, and the workspace of its plan, in bytes."""
        parts = {slab.geometry for slab in self._slabs(operation)}
        return max((self._part_bytes(part, operation) for part in parts), default=0)

    def _part_bytes(self, part: Geometry, operation: Operation) -> int:
        shapes = (part.input_shape, part.weight_shape, part.output_shape)
        widened = WIDE.itemsize * sum(map(prod, shapes))
        return widened + self._plan_of(part).workspace_bytes(operation)

    def describe(self, operation: Operation) -> str:
        """How the first slab is carried out."""
        slab = next(self._slabs(operation))
        return f"in float32: {self._plan_of(slab.geometry).describe(operation)}"

    def run(
        self,
        operation: Operation,
        first: Array,
        second: Array,
        out: Array | None,
        epilogue: Epilogue | None = None,
    ) -> Array:
        """`operation` of operands that fit, with `epilogue` before rounding; `out` may be wide."""
        out = np.empty(self.geometry.result_shape(operation), FLOAT16) if out is None else out
        if operation == "grad_weight":
            self._sum(first, second, out)
        else:
            self._slab_by_slab(operation, first, second.astype(WIDE), out, epilogue)
        return out

    def _slab_by_slab(
        self,
        operation: Operation,
        first: Array,
        weight: Array,
        out: Array,
        epilogue: Epilogue | None,
    ) -> None:
        for slab in self._slabs(operation):
            source, target = slab.input, slab.output
            if operation == "grad_input":
                source, target = target, source
            wide = getattr(self._plan_of(slab.geometry), operation)(
                first[source].astype(WIDE), weight
            )
            _round(wide if epilogue is None else epilogue(wide), out[target])

    def _sum(self, grad_output: Array, input: Array, out: Array) -> None:
        """The gradient with respect to the weight, summed over the slabs in float32."""
        total = np.zeros(self.geometry.weight_shape, WIDE)
        for slab in self._slabs("grad_weight"):
            plan, wide = self._plan_of(slab.geometry), input[slab.input].astype(WIDE)
            total += plan.grad_weight(grad_output[slab.output].astype(WIDE), wide)
        _round(total, out)

    def _slabs(self, operation: Operation) -> Iterator[Slab]:
        limit = DEFAULT_BYTES if self.max_workspace is None else self.max_workspace
        return slabs(self.geometry, operation, limit // WIDE.itemsize)

    def _compute(self, operation: Operation, first: Array, second: Any, result: Array) -> bool:
        self.run(operation, first, second, result)
        return True

    def _forward(self, input: Array, weight: Array, output: Array) -> None:
        self.run("forward", input, weight, output)

    def _grad_input(self, grad_output: Array, weight: Array, grad_input: Array) -> None:
        self.run("grad_input", grad_output, weight, grad_input)

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        self.run("grad_weight", grad_output, input, grad_weight)


def _round(wide: Array, out: Array) -> None:
    """Copy to a narrower dtype; what is too large becomes infinite, without a warning."""
    with np.errstate(over="ignore", invalid="ignore"):
        out[...] = wide
