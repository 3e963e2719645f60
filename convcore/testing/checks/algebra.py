"""Checks that hold one result against another: what follows from the definition alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import fsum
from typing import Any

import numpy as np

from ...plugin import OPERATIONS, Array, Geometry
from ..cases import Case, unit_bound
from ..catalogue.problems import ALONE, BRIEF, PAIRS
from ..check import Domain, check, floats, geometries, over
from ..failures import CheckFailure, require_close


def where(meets: Callable[[Geometry], bool]) -> Domain:
    """The problems with a property: those of no more than one option, and later all."""
    alone, pairs = (
        [geometry for geometry in geometries(part) if meets(geometry)] for part in (ALONE, PAIRS)
    )
    return over(floats, rotate=alone, later=pairs)


@check(over(floats, rotate=BRIEF, later=ALONE, data="random"))
def adjoint_identity(case: Case) -> float:
    """<forward(x, w), g> = <x, grad_input(g, w)> = <w, grad_weight(g, x)>."""
    sibling = {op: case.variant(operation=op).required() for op in OPERATIONS}
    x, w = sibling["forward"].operands()
    g, _ = sibling["grad_input"].operands()
    meets = {"forward": ((x, w), g), "grad_input": ((g, w), x), "grad_weight": ((g, x), w)}
    forward, *gradients = (_inner(sibling[op], *meets[op]) for op in OPERATIONS)
    return max(_agree(forward, gradient) for gradient in gradients)


def _inner(case: Case, pair: tuple[Array, Array], other: Array) -> tuple[complex, float]:
    """<result of `pair`, other>, nothing conjugated, and the largest error it can have."""
    result = case.call(*pair)
    terms = (result.astype(np.complex128) * other).reshape(-1)
    bound = unit_bound(case.backend.declaration.numerics, case.geometry, case.operation, *pair)
    slack = case.backend.declaration.bound * np.abs(bound) * np.abs(other)
    rounding = 4 * np.finfo(np.float64).eps * np.abs(terms).sum()
    return complex(fsum(terms.real), fsum(terms.imag)), float(slack.sum() + rounding)


def _agree(first: tuple[complex, float], other: tuple[complex, float]) -> float:
    error, bound = abs(first[0] - other[0]), first[1] + other[1]
    if not error <= bound:
        raise CheckFailure(f"inner products: must agree; got {first[0]} and {other[0]}")
    return error / bound if bound else 0.0


@check(over(floats, rotate=BRIEF, later=ALONE))
def linearity(case: Case) -> float:
    """f(a + b, w) = f(a, w) + f(b, w), and the same in the second operand."""
    (a, w), (b, v) = (map(_halved, case.variant(seed=seed).operands()) for seed in (0, 1))
    common = case.call(a, w)
    return max(
        _additive(case, common, (a, w), (b, w), (a + b, w)),
        _additive(case, common, (a, w), (a, v), (a, w + v)),
    )


def _halved(array: Array) -> Array:
    """Whole numbers of half the size, so that a sum of two is as exact as `array` was."""
    halves: Array = np.trunc(array.view(array.real.dtype) / 2).view(array.dtype)
    return halves


def _additive(case: Case, common: Array, *pairs: tuple[Array, Array]) -> float:
    """Error of the result of the last pair against that of the first, `common`, and the second."""
    part, whole = (case.call(*pair) for pair in pairs[1:])
    return require_close(whole, common + part, 2 * case.slack(*pairs), "f(a + b) - f(a) - f(b)")


def _related(case: Case, geometry: Geometry, *arrays: Array) -> Array:
    """Result of the same operation on a related problem."""
    return case.variant(geometry=geometry).required().call(*map(np.ascontiguousarray, arrays))


@check(where(lambda p: p.groups > 1))
def groups_concatenate(case: Case) -> float:
    """A grouped convolution is its groups, computed one by one and put side by side."""
    p, pair = case.geometry, case.operands()
    single = replace(
        p, groups=1, in_channels=p.group_in_channels, out_channels=p.group_out_channels
    )
    axes = {"forward": (1, 0, 1), "grad_input": (1, 0, 1), "grad_weight": (1, 1, 0)}[case.operation]
    first, second = (np.split(a, p.groups, axis) for a, axis in zip(pair, axes[:2], strict=True))
    parts = [_related(case, single, *pieces) for pieces in zip(first, second, strict=True)]
    want = np.concatenate(parts, axis=axes[2])
    return require_close(case.call(*pair), want, 2 * case.tolerance, "grouped result")


@check(where(lambda p: p.batch > 1))
def samples_are_independent(case: Case) -> float:
    """Each sample is computed as if it were alone; the weight gradient is the sum over samples."""
    single, pair = replace(case.geometry, batch=1), case.operands()
    samples = []
    for n in range(case.geometry.batch):
        alone = [pair[0][n : n + 1], pair[1]]
        if case.operation == "grad_weight":
            alone[1] = pair[1][n : n + 1]
        samples.append(_related(case, single, *alone))
    summed = case.operation == "grad_weight"
    want = np.sum(samples, axis=0) if summed else np.concatenate(samples)
    return require_close(case.call(*pair), want, 2 * case.tolerance, "batched result")


@check(where(lambda p: max(p.stride) > 1))
def stride_subsamples(case: Case) -> float:
    """A strided convolution is the dense one at every stride-th position."""
    p, pair = case.geometry, case.operands()
    dense = replace(p, stride=(1,) * p.spatial_rank)
    kept = every_nth(p.stride)
    if case.operation == "forward":
        want = _related(case, dense, *pair)[kept]
    else:
        want = _related(case, dense, _stuffed(pair[0], kept, dense.output_shape), pair[1])
    return require_close(case.call(*pair), want, 2 * case.tolerance, "strided result")


@check(where(lambda p: max(p.dilation) > 1))
def dilation_stuffs_zeros(case: Case) -> float:
    """A dilated convolution is the dense one with zeros between the taps."""
    p, (first, second) = case.geometry, case.operands()
    dense = replace(p, dilation=(1,) * p.spatial_rank, kernel_extents=p.receptive_field)
    kept = every_nth(p.dilation)
    if case.operation == "grad_weight":
        want = _related(case, dense, first, second)[kept]
    else:
        want = _related(case, dense, first, _stuffed(second, kept, dense.weight_shape))
    return require_close(case.call(first, second), want, 2 * case.tolerance, "dilated result")


def every_nth(steps: tuple[int, ...]) -> tuple[Any, ...]:
    """Index of every n-th element of each spatial axis, n by axis."""
    return (..., *(slice(None, None, step) for step in steps))


def _stuffed(array: Array, kept: tuple[Any, ...], shape: tuple[int, ...]) -> Array:
    """`array` spread out into zeros of `shape`."""
    result = np.zeros(shape, array.dtype)
    result[kept] = array
    return result
