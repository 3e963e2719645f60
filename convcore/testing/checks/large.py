"""Checks of problems so large that the truth is computed for parts and sums of the result only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...plugin import Array, Geometry, Operation
from ...problem import ROLES
from ..cases import Case
from ..catalogue import oracle
from ..catalogue.data import generator_for
from ..catalogue.problems import LARGE, LAYERS
from ..check import check, floats, over
from ..failures import NotApplicable, require, require_close

# Layers whose typical error is measured, one sample of each; of the later ones each is an extreme:
# many channels, many taps, many axes.
TYPICAL, TYPICAL_LATER = (
    [replace(LAYERS[name].geometry, batch=1) for name in names]
    for names in (
        ("tiny 1d k3 1c16 b1", "tiny 3x3 8c8 b1", "odd 3x3 3-5 37x41 b3", "mnist.3x3 1-32 28 b64"),
        ("resnet.3x3 512c7 b8", "replk.dw31 128c28 b1", "5x5 32-64 28 b32", "3d.3x3x3 32c16^3 b4"),
    )
)
# Rounding of a checksum, as a part of its largest possible size; a lost product is far above it.
CHECKSUM_ERROR = 2.0**-36


@check(over(floats, rotate=LARGE))
def large_problems(case: Case) -> float:
    """Problems of many blocks are right too: the last channel, and a checksum of them all."""
    got, (small, part, *pair) = case.call(), _last_channels(case)
    want = oracle.convolve(small, case.operation, *pair)
    units = require_close(got[part], want, case.slack(tuple(pair), geometry=small))
    _require_checksum(case, got)
    return units


def _last_channels(case: Case) -> tuple[Any, ...]:
    """A smaller problem, its place in the result, and its operands.

    It is the last channel of the last group, in the last sample unless samples are summed.
    """
    p, operation = case.geometry, case.operation
    inputs, outputs = p.group_in_channels, p.group_out_channels
    c = np.arange(inputs) if operation == "forward" else np.array([inputs - 1])
    k = np.arange(outputs) if operation == "grad_input" else np.array([outputs - 1])
    n = np.arange(p.batch) if operation == "grad_weight" else np.array([p.batch - 1])
    small = replace(p, batch=n.size, in_channels=c.size, out_channels=k.size, groups=1)
    last = p.groups - 1
    places = {
        "output": np.ix_(n, last * outputs + k),
        "input": np.ix_(n, last * inputs + c),
        "weight": np.ix_(last * outputs + k, c),
    }
    left, right, result = ROLES[operation]
    first, second = case.operands()
    return small, places[result], first[places[left]], second[places[right]]


# Axes of output, input and weight with those of the groups apart; and which of them a checksum sums
# in both operands, with factors u and v. The product u v then sums the result over all of its
# samples and channels.
_AXES = ("ngk", "ngc", "gkc")
_SUMMED: dict[Operation, tuple[str, str]] = {
    "forward": ("n", "gk"),
    "grad_input": ("n", "gc"),
    "grad_weight": ("gk", "gc"),
}


def _require_checksum(case: Case, got: Array) -> None:
    """Fail unless the sum over all samples and channels, each with its own factor, is right."""
    p, operation, pair = case.geometry, case.operation, case.operands()
    a, b, target = oracle.COLUMNS[operation]
    left, right = _SUMMED[operation]
    both, shapes = f"{left},{right}", _single(p, operation).operand_shapes(operation)
    u, v = _factors(p, left), _factors(p, right)
    first = _summed(p, a, pair[0], left, u).reshape(shapes[0])
    second = _summed(p, b, pair[1], right, v).reshape(shapes[1])
    want = oracle.convolve(_single(p, operation), operation, first, second)[0, 0]
    norms = oracle.norms(p, operation, *pair)
    allowed = np.broadcast_to(case.slack(pair) + CHECKSUM_ERROR * norms, norms.shape)
    tolerance, total = (_summed(p, target, array, both, u, v) for array in (allowed, got))
    require_close(total, want, tolerance, "sum over samples and channels")


def _single(p: Geometry, operation: Operation) -> Geometry:
    """The problem between the sums: that of one result channel."""
    batch, inputs, outputs = {
        "forward": (1, p.in_channels, 1),
        "grad_input": (1, 1, p.out_channels),
        "grad_weight": (p.batch * p.groups, 1, 1),
    }[operation]
    return replace(p, batch=batch, in_channels=inputs, out_channels=outputs, groups=1)


def _summed(p: Geometry, column: int, array: Array, letters: str, *factors: Array) -> Array:
    """`array` times the factors, summed over samples or channels, or over both for a result."""
    axes = _AXES[column]
    left = "" if "," in letters else axes.replace(letters[-1], "")
    grouped = array.reshape(*_extents(p, axes), *array.shape[2:])
    total: Array = np.einsum(f"{axes}...,{letters}->{left}...", grouped, *factors)
    return total


def _factors(p: Geometry, letters: str) -> Array:
    """Small whole numbers, which keep sums of whole numbers exact."""
    drawn = generator_for("checksum", p, letters).integers(1, 9, _extents(p, letters))
    return drawn.astype(np.float64)


def _extents(p: Geometry, letters: str) -> list[int]:
    """Number of samples n, groups g, and of output channels k and input channels c in each."""
    counts = (p.batch, p.groups, p.group_out_channels, p.group_in_channels)
    return [dict(zip("ngkc", counts, strict=True))[letter] for letter in letters]


@check(over(floats, rotate=TYPICAL, later=TYPICAL_LATER, data="normal"))
def typical_error(case: Case) -> float:
    """On standard normal data a normwise backend errs no more than it declares as typical."""
    declared = case.backend.declaration
    if declared.numerics == "componentwise":
        raise NotApplicable("a componentwise bound is what is typical too")
    got, (small, part, *pair) = case.call(), _last_channels(case)
    require(np.isfinite(got).all(), "result for standard normal data: must be finite")
    wide = [operand.astype(np.result_type(operand, np.float64)) for operand in pair]
    want = oracle.convolve(small, case.operation, *wide)
    # Relative to the right result: a huge error in the computed one would excuse all others.
    tolerance = np.asarray(declared.relative_error(case.dtype) * np.abs(want).max())
    return require_close(got[part], want, tolerance, "result for standard normal data")
