"""A weight that a plan has prepared once, for many calls: what `Convolution.prepare` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, final

import numpy as np

from ..errors import OptionError, ShapeError
from ..problem import Operation
from .arrays import Array, check_operand

WeightOperation: TypeAlias = Literal["forward", "grad_input"]
WEIGHT_OPERATIONS: tuple[WeightOperation, ...] = ("forward", "grad_input")


@final
@dataclass(frozen=True, eq=False, repr=False)
class PreparedWeight:
    """Stands for the weight in `forward` and `grad_input` of the plan that prepared it.

    It is opaque and immutable, so that threads may share it, and keeps its plan alive. A copy and
    a pickle carry the plan and the array, and are prepared anew; where the plan is copied or
    pickled along with it, as in ``pickle.dumps((plan, prepared))``, the two still belong together.

    Attributes
    ----------
    plan : Convolution
        The only plan that takes it; an equal one does not.
    weight : ndarray of shape (K, C / groups, *R)
        Read-only copy of the array it was made from.
    payloads : mapping of str to object
        For each operation that it was prepared for, what the backend works on.
    """

    plan: Any
    weight: Array
    payloads: Mapping[Operation, Any]

    @classmethod
    def of(cls, plan: Any, weight: Array, operation: WeightOperation | None) -> PreparedWeight:
        """What `Convolution.prepare` returns for the same arguments."""
        check_operand("weight", weight, plan.geometry.weight_shape, plan.dtype)
        if operation is not None and operation not in WEIGHT_OPERATIONS:
            names = " or ".join(WEIGHT_OPERATIONS)
            raise OptionError(f"operation: must be {names} or None; got {operation!r}")
        copy = np.array(weight, plan.dtype, order="C")
        copy.setflags(write=False)
        wanted = WEIGHT_OPERATIONS if operation is None else (operation,)
        payloads: dict[Operation, Any] = {each: _payload(plan, copy, each) for each in wanted}
        return cls(plan, copy, MappingProxyType(payloads))

    def payload(self, plan: object, operation: Operation) -> Any:
        """What the backend of `plan` works on in `operation`, if this was prepared for both."""
        if self.plan is not plan:
            raise ShapeError(
                f"weight: must be prepared by this very plan; got one prepared by {self.plan!r}; "
                f"call prepare of the plan that is to take it"
            )
        if operation not in self.payloads:
            raise ShapeError(
                f"weight: must be prepared for {operation}; got one prepared for "
                f"{', '.join(self.payloads)} only; leave out operation= where both are needed"
            )
        return self.payloads[operation]

    def __repr__(self) -> str:
        return f"<weight prepared for {' and '.join(self.payloads)} by {self.plan!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        operation = next(iter(self.payloads)) if len(self.payloads) == 1 else None
        return PreparedWeight.of, (self.plan, self.weight, operation)


Weight: TypeAlias = Array | PreparedWeight


def _payload(plan: Any, weight: Array, operation: WeightOperation) -> Any:
    """What `_prepare` makes of `weight`, unless a later class overrides the operation alone.

    Such a class knows arrays only; so it gets the array.
    """
    hook, method = (_depth(type(plan), name) for name in ("_prepare", f"_{operation}"))
    own = hook <= method and not plan.geometry.degenerate
    return plan._prepare(weight, operation) if own else weight


def _depth(cls: type, name: str) -> int:
    """How far up the bases of `cls` the definition of `name` stands."""
    return next(depth for depth, base in enumerate(cls.__mro__) if name in vars(base))
