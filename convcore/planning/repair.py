"""What becomes of a call in the automatic choice whose result is not finite.

An algorithm that transforms lets NaN and Inf spread over a tile, and forms sums on the way that may
overflow where the result does not. So wherever such an algorithm was chosen, and a result came out
that is not finite, it is mended here: finite operands are scaled by powers of two and run again;
where an operand is not finite, what reads it is computed anew by an algorithm that keeps NaN and
Inf where the definition puts them.

An algorithm cannot hide it: a value that is not finite, once it is in a sum, stays in what is made
of that, and every transformed value is part of some result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from .. import settings
from ..contract import Array, Convolution
from ..problem import ROLES, Geometry, Operation, Role
from .question import Question
from .selection import choose
from .slabs import Slab, rows_of

# `repair`, or what stands for it.
Mend: TypeAlias = Callable[[Convolution, Operation, Array, Array, Array], None]

# Beyond this share of rows that read a value that is not finite everything is computed anew.
MOST_TOUCHED = 0.5


def repair(
    plan: Convolution, operation: Operation, first: Array, second: Array, result: Array
) -> None:
    """Overwrite `result` of `operation` by what the definition gives, up to rounding."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        if not np.isfinite(second).all():
            _locally(plan, operation, first, second, result)
        elif np.isfinite(first).all():
            _scaled(plan, operation, first, second, result)
        elif operation == "grad_weight":
            _locally(plan, operation, first, second, result)
        else:
            _by_rows(plan, operation, first, second, result)


def repair_samples(
    plan: Convolution, operation: Operation, first: Array, second: Array, result: Array
) -> None:
    """Like `repair`, but of each sample by itself, so that it has the bits that it has alone."""
    if operation == "grad_weight":  # a sum over all of them
        return repair(plan, operation, first, second, result)
    single: Any = plan._factory(replace(plan.geometry, batch=1), plan.dtype, **plan._limits())
    for n in range(plan.geometry.batch):
        if not np.isfinite(result[n]).all():
            one = slice(n, n + 1)
            repair(single, operation, first[one], second, result[one])


# Axes over which the entries of each operand can meet in one result, once arrays are seen as
# (N, G, channels of a group, ...) and the weight as (G, K / G, C / G, ...); beside those of space.
_MEET: dict[Operation, tuple[int, int]] = {
    "forward": (2, 2),
    "grad_input": (2, 1),
    "grad_weight": (0, 0),
}


def _scaled(
    plan: Convolution, operation: Operation, first: Array, second: Array, result: Array
) -> None:
    """Run finite operands again, the largest entry that a result can meet between 1/2 and 1.

    So the error stays small beside the norms of what meets: what is small everywhere in one sample
    or channel does not underflow because of what is large in another.
    """
    geometry, roles = plan.geometry, ROLES[operation]
    copies = [np.array(array, order="C") for array in (first, second)]
    grouped = [_grouped(geometry, *pair) for pair in zip(roles, copies, strict=False)]
    left, right = map(_exponents, grouped, _MEET[operation])
    _scale(grouped[0], -left)
    _scale(grouped[1], -right)
    plan._compute(operation, copies[0], copies[1], result)
    if operation == "grad_weight":  # (1, G, K / G) and (1, G, C / G)
        left, right = np.moveaxis(left, 0, 2), np.moveaxis(right, 0, 1)
    else:  # (N, G, 1), and (G, K / G, 1) or (G, 1, C / G)
        right = right.reshape(1, geometry.groups, -1, *right.shape[3:])
    _scale(_grouped(geometry, roles[2], result), left + right)


def _grouped(geometry: Geometry, role: Role, array: Array) -> Array:
    """A view of a contiguous array with an axis for groups."""
    axis, groups = 0 if role == "weight" else 1, geometry.groups
    channels = array.shape[axis] // groups
    return array.reshape(*array.shape[:axis], groups, channels, *array.shape[axis + 1 :])


def _exponents(array: Array, axis: int) -> Array:
    """Of the powers of two just above the largest entries along an axis and all those of space."""
    axes = (axis, *range(3, array.ndim))
    exponents: Array = np.frexp(np.abs(_real(array)).max(axis=axes, keepdims=True))[1]
    return exponents


def _scale(array: Array, exponents: Array) -> None:
    """Multiply a contiguous array by powers of two."""
    parts = _real(array)
    parts[...] = np.ldexp(parts, exponents)


def _real(array: Array) -> Array:
    """Real and imaginary parts side by side; a copy where the array is not contiguous."""
    if array.dtype.kind != "c":
        return array
    return np.ascontiguousarray(array).view(array.real.dtype)


def _locally(
    plan: Convolution, operation: Operation, first: Array, second: Array, result: Array
) -> None:
    """Compute all of it by an algorithm that keeps NaN and Inf where they belong."""
    local = _local_plan(plan, operation, plan.geometry)
    local._compute(operation, first, second, result)


def _by_rows(
    plan: Convolution, operation: Operation, first: Array, second: Array, result: Array
) -> None:
    """Run without the values that are not finite, then compute anew the rows that read them."""
    finite = np.isfinite(first)
    geometry = plan.geometry
    bad = np.logical_not(finite.all(axis=(1, *range(3, first.ndim))))
    touched = _touched(geometry, operation, bad)
    if touched.mean() > MOST_TOUCHED:
        _locally(plan, operation, first, second, result)
        return
    clean = np.where(finite, first, first.dtype.type(0))
    if not plan._compute(operation, clean, second, result):
        _scaled(plan, operation, clean, second, result)
    for slab in _touched_slabs(geometry, operation, touched):
        source, target = slab.input, slab.output
        if operation == "grad_input":
            source, target = target, source
        local = _local_plan(plan, operation, slab.geometry)
        result[target] = getattr(local, operation)(first[source], second)


def _touched(geometry: Geometry, operation: Operation, bad: Array) -> Array:
    """Which rows (N, rows) of the result read one of the rows `bad` of the first operand."""
    forward = operation == "forward"
    rows = (geometry.output_extents if forward else geometry.input_extents)[0]
    touched = np.zeros((geometry.batch, rows), bool)
    for tap in range(geometry.kernel_extents[0]):
        output = np.arange(geometry.output_extents[0])
        read = output * geometry.stride[0] + tap * geometry.dilation[0] - geometry.padding[0][0]
        inside = (read >= 0) & (read < geometry.input_extents[0])
        source, target = (read[inside], output[inside])
        if not forward:
            source, target = target, source
        touched[:, target] |= bad[:, source]
    return touched


def _touched_slabs(geometry: Geometry, operation: Operation, touched: Array) -> Iterator[Slab]:
    """A slab for each run of rows of each sample."""
    sample = replace(geometry, batch=1)
    edges = np.diff(np.pad(touched.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, stops = np.argwhere(edges == 1), np.argwhere(edges == -1)
    for (n, start), (_, stop) in zip(starts.tolist(), stops.tolist(), strict=True):
        yield rows_of(sample, operation, slice(n, n + 1), start, stop)


def _local_plan(plan: Convolution, operation: Operation, part: Geometry) -> Convolution:
    options = settings.Settings(
        threads=plan.threads,
        accuracy="strict",
        max_workspace=plan.max_workspace,
        deterministic=plan.declaration.deterministic == "any_threads",
    )
    return choose(Question(part, plan.dtype, operation, options), None)


class RepairingFactory:
    """Builds, wherever a pickle is opened, what the automatic choice had built."""

    def __init__(self, factory: Any, mend: Mend) -> None:
        self.factory, self.mend = factory, mend

    def __call__(self, *args: Any, **options: Any) -> Convolution:
        """The plan, which repairs its results."""
        return repairing(self.factory(*args, **options), self.mend)


def repairing(plan: Convolution, mend: Mend = repair) -> Convolution:
    """`plan`, which from now on repairs its results where its algorithm needs that."""
    if plan.declaration.nonfinite == "spreads" or plan.declaration.numerics == "normwise":
        plan._repair = mend
        plan._factory = RepairingFactory(plan._factory, mend)
    return plan
