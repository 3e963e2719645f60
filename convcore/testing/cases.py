"""One case: a backend, a problem, a dtype, an operation and its data; and what "right" means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import prod
from typing import Any, TypeVar, cast

import numpy as np

from ..plugin import Array, Convolution, Geometry, Operation, Refusal
from .catalogue import oracle
from .catalogue.data import operands
from .failures import CheckFailure, NotApplicable, describe, require_close

EXACT_DATA = frozenset({"integers", "skewed"})
# Threads of every plan that a check makes, unless threads are what it is about.
THREADS = 2
# The tolerance of results that must be exact.
EXACT = np.zeros(())


@dataclass(frozen=True)
class Case:
    """One operation of one backend on one problem, with seeded data.

    Parameters
    ----------
    backend : type[Convolution]
        The class under test.
    geometry : Geometry
        The problem.
    dtype : str
        Dtype of operands and result.
    operation : {"forward", "grad_input", "grad_weight"}
        The operation.
    data : str
        Kind of data, see `convcore.testing.data.operands`.
    seed : int
        Another number for other data.
    threads : int or None
        Threads of the plan; None leaves them to the backend.
    batch_invariant : bool
        Whether the plan is told that the batch must not change a bit of a sample.
    """

    backend: type[Convolution]
    geometry: Geometry
    dtype: str
    operation: Operation
    data: str = "integers"
    seed: int = 0
    threads: int | None = THREADS
    batch_invariant: bool = False

    def variant(self, **changes: Any) -> Case:
        """The same case but for `changes`, with a plan of its own."""
        return replace(self, **changes)

    def refusal(self) -> Refusal | None:
        """The backend's reason not to run this case."""
        whole = self.backend.refusal(self.geometry, np.dtype(self.dtype))
        return whole or self.backend.refusal(self.geometry, np.dtype(self.dtype), self.operation)

    def required(self) -> Case:
        """The case itself, if the backend runs it."""
        if (refusal := self.refusal()) is not None:
            raise NotApplicable(f"the related problem is refused: {refusal}")
        return self

    @cached_property
    def plan(self) -> Convolution:
        """The problem bound to the backend; made once."""
        told: dict[str, Any] = {"batch_invariant": True} if self.batch_invariant else {}
        return self.backend(self.geometry, self.dtype, threads=self.threads, **told)

    def operands(self) -> tuple[Array, Array]:
        """New arrays with the operands of this case."""
        pair = _operands(self.data, self.geometry, self.dtype, self.operation, self.seed)
        return pair[0].copy(), pair[1].copy()

    def call(self, *arrays: Array, **options: Any) -> Array:
        """Result of the plan for `arrays`, or for this case's own operands."""
        method = getattr(self.plan, self.operation)
        given = arrays or options.keys() - {"out"}
        result: Array = method(*(arrays if given else self.operands()), **options)
        return result

    @property
    def promised_exact(self) -> bool:
        """Whether the result must equal the oracle's, whatever the order of summation."""
        declaration = self.backend.declaration
        whole = np.dtype(self.dtype).kind in "iu"
        return whole or (self.data in EXACT_DATA and declaration.numerics == "componentwise")

    @property
    def want(self) -> Array:
        """The right result, exact or rounded once from the exact one; read only."""
        return _want(self.data, self.geometry, self.dtype, self.operation, self.seed)

    @property
    def tolerance(self) -> Array:
        """Largest error the backend declares, element by element."""
        if self.promised_exact:
            return EXACT
        declared, problem = self.backend.declaration, (self.data, self.geometry, self.dtype)
        return declared.bound * _scale(declared.numerics, *problem, self.operation, self.seed)

    def slack(self, *pairs: tuple[Array, Array], geometry: Geometry | None = None) -> Array:
        """Sum of the declared bounds of results of other operands; 0 where those are exact."""
        if self.promised_exact:
            return EXACT
        declared, problem = self.backend.declaration, geometry or self.geometry
        bounds = [unit_bound(declared.numerics, problem, self.operation, *p) for p in pairs]
        total: Array = np.sum(bounds, axis=0)
        return declared.bound * total

    def require_right(self, got: Array) -> float:
        """Measured error of `got` in units of the bound; a `CheckFailure` where it exceeds 1."""
        return require_close(got, self.want, self.tolerance)

    def require_same(self, got: Array, want: Array, what: str) -> None:
        """Fail unless two results of the same problem agree as the declaration promises."""
        if self.backend.declaration.deterministic == "no":
            require_close(got, want, 2 * self.tolerance, what)
        elif got.tobytes() != want.tobytes():
            raise CheckFailure(f"{what}: must have the same bits; {describe(got, want)}")


def stated_bytes(plan: Convolution, operation: Operation) -> int:
    """The workspace that a plan states; a `CheckFailure` where that is no number of bytes."""
    stated: Any = plan.workspace_bytes(operation)
    if not (isinstance(stated, int) and stated >= 0):
        raise CheckFailure(f"workspace_bytes({operation!r}): must be an int >= 0; got {stated!r}")
    return stated


def unit_bound(
    numerics: str, geometry: Geometry, operation: Operation, first: Array, second: Array
) -> Array:
    """The error bound of a `Declaration` whose factor is 1, element by element.

    Parameters
    ----------
    numerics : {"componentwise", "normwise"}
        Form of the bound.
    geometry, operation, first, second
        The problem and its operands, as in `convcore.testing.oracle.convolve`.

    Returns
    -------
    ndarray
        Broadcasts against the result; complex for complex data with a componentwise bound.
    """
    eps = float(np.finfo(first.dtype).eps)
    if numerics == "normwise":
        return eps * oracle.norms(geometry, operation, first, second)
    length = geometry.accumulation_length(operation) * (2 if np.iscomplexobj(first) else 1)
    return (length + 2) * eps * oracle.absolute(geometry, operation, first, second)


Function = TypeVar("Function", bound=Callable[..., Any])
# What does not depend on the backend is kept where it is small: the next one, or the next check,
# meets it again. Of what is larger, only what a case asks for more than once.
_KEPT, _RECENT = 1 << 14, 4
_SMALL = 1 << 11


def _remembered(function: Function) -> Function:
    """`function` of a form or kind, a geometry and more, remembered as long as is worth it."""
    kept, recent = lru_cache(_KEPT)(function), lru_cache(_RECENT)(function)

    def remembered(*key: Any) -> Any:
        geometry = next(part for part in key if isinstance(part, Geometry))
        return (kept if _elements(geometry) <= _SMALL else recent)(*key)

    return cast(Function, remembered)


def _elements(geometry: Geometry) -> int:
    """Number of elements of all three arrays."""
    return sum(map(prod, (geometry.input_shape, geometry.weight_shape, geometry.output_shape)))


@_remembered
def _operands(
    data: str, geometry: Geometry, dtype: str, operation: Operation, seed: int
) -> tuple[Array, Array]:
    return operands(data, geometry, dtype, operation, seed=seed)


@_remembered
def _want(data: str, geometry: Geometry, dtype: str, operation: Operation, seed: int) -> Array:
    first, second = _operands(data, geometry, dtype, operation, seed)
    whole = data in EXACT_DATA or first.dtype.kind in "iu"
    compute = oracle.convolve if whole else oracle.exact
    return _frozen(compute(geometry, operation, first, second))


@_remembered
def _scale(
    numerics: str, data: str, geometry: Geometry, dtype: str, operation: Operation, seed: int
) -> Array:
    pair = _operands(data, geometry, dtype, operation, seed)
    return _frozen(unit_bound(numerics, geometry, operation, *pair))


def _frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array
