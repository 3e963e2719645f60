"""Complex numbers, for backends that know real ones: each product is made of real products.

The operands are taken apart slab by slab, in one piece of memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import prod
from typing import Any, ClassVar

import numpy as np

from ..contract import (
    Array,
    Convolution,
    PreparedWeight,
    Refusal,
    Weight,
    WeightOperation,
)
from ..errors import UnsupportedError
from ..problem import OPERATIONS, ROLES, Geometry, Operation, Role
from .products import Products
from .slabs import Slab, largest_slab, slabs, usual_bytes
from .workspace import LINE, Workspace

COMPLEX = {"float32": "complex64", "float64": "complex128"}
REAL = {np.dtype(name): np.dtype(real) for real, name in COMPLEX.items()}
# Seconds to write a real number beside another, to call a plan, and around it (Zen 3, 2026-12).
MOVE, CALL, AROUND = 0.6e-9, 6e-6, 45e-6
# Arrays in a workspace at a time, and slabs that a plan keeps.
MOST_ARRAYS, MOST_KEPT = 12, 64


class RealPartsConvolution(Convolution):
    """Computes complex convolutions by the plans of a backend for real numbers.

    Its subclasses, which `real_classes` makes, say by which backend and in which way.
    """

    backend: ClassVar[type[Convolution]]
    products: ClassVar[Products]

    def __init__(self, geometry: Geometry, dtype: Any, **limits: Any) -> None:
        super().__init__(geometry, dtype, **limits)
        self._real_dtype = REAL[self.dtype]
        self._plans: dict[Geometry, Convolution] = {}
        self._products = type(self.products)(self.backend, self.threads)
        self._cuts: dict[Operation, list[Slab]] = {}
        self._sizes: dict[Operation, int] = {}
        if not geometry.degenerate:
            self._check_workspace()  # which makes the plans, that may refuse

    def _check_workspace(self) -> None:
        """Refuse here what would need more memory than there is, or what the backend refuses."""
        needed = max(map(self.workspace_bytes, OPERATIONS))
        if self.max_workspace is not None and needed > self.max_workspace:
            text = f"max_workspace: must hold the parts of a slab, {needed} bytes"
            raise UnsupportedError(f"{text}; got {self.max_workspace}")

    def _plan_of(self, part: Geometry) -> Convolution:
        """The plan of a slab, made once."""
        if part not in self._plans:
            self._plans[part] = self._real_plan(part)
        return self._plans[part]

    def _slabs(self, operation: Operation) -> Iterable[Slab]:
        """How the problem is cut; kept unless there are many."""
        if operation not in self._cuts:
            few = list(islice(self._cut(operation), MOST_KEPT + 1))
            if len(few) > MOST_KEPT:
                return self._cut(operation)
            self._cuts[operation] = few
        return self._cuts[operation]

    def _real_plan(self, part: Geometry) -> Convolution:
        limits = self._limits()
        if self.max_workspace is not None:
            limits["max_workspace"] = self.max_workspace // 2
        plan = self.backend(self.products.geometry(part), self._real_dtype, **limits)
        if plan.declaration.nonfinite == "spreads":
            plan._repair = _not_mended
        return plan

    @classmethod
    def refusal(
        cls, geometry: Geometry, dtype: Any, operation: Operation | None = None
    ) -> Refusal | None:
        """That of the backend, of the real problem."""
        refusal = super().refusal(geometry, dtype, operation)
        if refusal is not None:
            return refusal
        real = cls.products.geometry(geometry)
        return cls.backend.refusal(real, REAL[np.dtype(dtype)], operation)

    @classmethod
    def estimate(
        cls, geometry: Geometry, dtype: Any, operation: Operation, *, threads: int
    ) -> float | None:
        """That of each call, and the time in which the operands are taken apart."""
        real, real_dtype = cls.products.geometry(geometry), REAL[np.dtype(dtype)]
        seconds = cls.backend.estimate(real, real_dtype, operation, threads=threads)
        if seconds is None:
            return None
        shapes = {role: geometry.shape_of(role) for role in ROLES[operation]}
        moved = _numbers(cls.products, shapes, operation) * MOVE * real_dtype.itemsize / 4
        return AROUND + cls.products.calls * (seconds + CALL) + moved

    @classmethod
    def variants(
        cls,
        geometry: Geometry,
        dtype: Any,
        operation: Operation,
        *,
        threads: int,
        max_workspace: int | None = None,
    ) -> tuple[str, ...]:
        """Those of the backend."""
        problem = cls.products.geometry(geometry), REAL[np.dtype(dtype)], operation
        return cls.backend.variants(*problem, threads=threads, max_workspace=max_workspace)

    def workspace_bytes(self, operation: Operation) -> int:
        """The parts of the largest slab, and the workspace of its plan, in bytes."""
        if self.geometry.degenerate:
            return 0
        plans = [self._plan_of(slab.geometry) for slab in islice(self._cut(operation), 3)]
        parts = self._elements(operation) * self._real_dtype.itemsize
        return parts + max(plan.workspace_bytes(operation) for plan in plans)

    def _elements(self, operation: Operation) -> int:
        """Elements of the workspace, found once."""
        if operation not in self._sizes:
            self._sizes[operation] = self._counted(operation)
        return self._sizes[operation]

    def _counted(self, operation: Operation) -> int:
        """Those of a weight in full, or of the sum over the slabs, and of a slab."""
        part = largest_slab(self.geometry, operation, self._slab_elements())
        count = self.products.count(operation)[2] if operation == "grad_weight" else 0
        summed = count * prod(self.geometry.weight_shape)
        return _numbers(self.products, part, operation) + summed + MOST_ARRAYS * LINE

    def describe(self, operation: Operation) -> str:
        """How the first slab is carried out."""
        plan = self._plan_of(next(self._cut(operation)).geometry)
        return f"{self.products.text}: {plan.describe(operation)}"

    def _cut(self, operation: Operation) -> Iterator[Slab]:
        return slabs(self.geometry, operation, self._slab_elements())

    def _slab_elements(self) -> int:
        """Complex elements of a slab's input and output together."""
        usual = usual_bytes(self.geometry, self.dtype.itemsize)
        limit = usual if self.max_workspace is None else self.max_workspace // 4
        return limit // self.dtype.itemsize

    def _prepare(self, weight: Array, operation: WeightOperation) -> Any:
        """For each geometry of a slab, what its plan takes in each call."""
        space = self._workspace(operation)
        seconds = self._products.second(self.geometry, operation, weight, space)
        return {
            part: [self._plan_of(part).prepare(each, operation=operation) for each in seconds]
            for part in {slab.geometry for slab in self._slabs(operation)}
        }

    def _workspace(self, operation: Operation) -> Workspace:
        return Workspace(self._elements(operation), self._real_dtype)

    def _by_slabs(
        self, operation: WeightOperation, first: Array, weight: Any, result: Array
    ) -> bool | None:
        """Overwrite `result`; whether it is finite, where the real plans tell."""
        finite = True
        with self._workspace(operation) as space:
            prepared = weight if isinstance(weight, dict) else {}
            if not prepared:
                seconds = self._products.second(self.geometry, operation, weight, space)
            begin = space.used
            for slab in self._slabs(operation):
                source, target = slab.input, slab.output
                if operation == "grad_input":
                    source, target = target, source
                part, space.used = slab.geometry, begin
                firsts = self._products.first(part, first[source], space)
                pairs = zip(firsts, prepared.get(part) or seconds, strict=True)
                results, seen = self._results(operation, part, pairs, space)
                self._products.join(part, operation, results, result[target])
                finite = finite and seen
        return finite if self.products.calls == 1 else None

    def _results(
        self,
        operation: Operation,
        part: Geometry,
        pairs: Iterable[tuple[Array, Weight]],
        space: Workspace,
    ) -> tuple[list[Array], bool]:
        """What each call of a slab gives, and whether all of it is as it should be."""
        plan, results, seen = self._plan_of(part), [], True
        shape = plan.geometry.result_shape(operation)
        for first, second in pairs:
            results.append(space.array(shape))
            if plan.geometry.degenerate:  # windows that lie in the padding altogether
                results[-1].fill(0)
                continue
            operand = second.payload(plan, operation) if type(second) is PreparedWeight else second
            seen &= plan._compute(operation, first, operand, results[-1])
        return results, seen

    def _forward(self, input: Array, weight: Any, output: Array) -> bool | None:
        return self._by_slabs("forward", input, weight, output)

    def _grad_input(self, grad_output: Array, weight: Any, grad_input: Array) -> bool | None:
        return self._by_slabs("grad_input", grad_output, weight, grad_input)

    def _grad_weight(self, grad_output: Array, input: Array, grad_weight: Array) -> None:
        with self._workspace("grad_weight") as space:
            shape = self.products.geometry(self.geometry).weight_shape
            totals = [space.array(shape) for _ in range(self.products.calls)]
            for total in totals:
                total.fill(0)
            begin = space.used
            for slab in self._slabs("grad_weight"):
                part, space.used = slab.geometry, begin
                firsts = self._products.first(part, grad_output[slab.output], space)
                seconds = self._products.second(part, "grad_weight", input[slab.input], space)
                pairs = zip(firsts, seconds, strict=True)
                results, _ = self._results("grad_weight", part, pairs, space)
                for total, each in zip(totals, results, strict=True):
                    total += each
            self._products.join(self.geometry, "grad_weight", totals, grad_weight)


def _not_mended(*_: object) -> None:
    """Stands for a repair in a plan that is to look at its results, and leave them."""


def _numbers(products: Products, shapes: Mapping[Role, Sequence[int]], operation: Operation) -> int:
    """Real numbers that the operands and the result are taken apart into."""
    pairs = zip(products.count(operation), ROLES[operation], strict=True)
    return sum(count * prod(shapes[role]) for count, role in pairs)
