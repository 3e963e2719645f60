"""Copies between arrays of other dtypes, or whose axes stand in another order in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import TypeAlias

import numpy as np

from ..contract import Array, Convolution

# Overwrites its first argument with the second, an array of the same shape.
Copy: TypeAlias = Callable[[Array, Array], None]
Axes: TypeAlias = tuple[int, ...]

# Elements that NumPy has copied, and converted, before it is found out how a backend could
# (Zen 3, 2026-12).
FEW, FEW_CONVERTED = 1 << 12, 1 << 9


def assign(target: Array, source: Array) -> None:
    """The copy that NumPy makes; what is too large for a narrower dtype becomes infinite."""
    if target.dtype is source.dtype:
        target[...] = source
    else:
        with np.errstate(all="ignore"):
            target[...] = source


def copier(plan: Convolution) -> Copy:
    """A copy of arrays that lets the backend of `plan` transpose and convert."""

    def copy(target: Array, source: Array) -> None:
        converted = source.dtype != target.dtype
        large = source.size > (FEW_CONVERTED if converted else FEW)
        pair = as_stacks(source, target) if large else None
        if pair is not None and converted:
            plan.copy_converted(*pair, threads=plan.threads)
        elif pair is not None and not _is_run(pair[1]):
            plan.copy_transposed(pair[0], pair[1].transpose(0, 2, 1), threads=plan.threads)
        else:
            assign(target, source)

    return copy


def channels_last(array: Array) -> bool:
    """Whether the channels of an image (N, C, *S) stand last in memory, which is one run."""
    flags = array.transpose(0, *range(2, array.ndim), 1).flags
    return flags.c_contiguous and flags.aligned


def as_matrices(source: Array, target: Array) -> tuple[Array, Array] | None:
    """Views (A, B, L) and (A, L, B) of two arrays, whose last axes are contiguous, if there are."""
    pair = as_stacks(source, target) if source.dtype == target.dtype else None
    return None if pair is None or _is_run(pair[1]) else (pair[0], pair[1].transpose(0, 2, 1))


def _is_run(stack: Array) -> bool:
    """Whether the last axis is contiguous."""
    return stack.strides[-1] == stack.itemsize


def as_stacks(source: Array, target: Array) -> tuple[Array, Array] | None:
    """Views (A, B, L) of two arrays, if there are.

    The last axis is contiguous in the source, and in the target it or the one before.
    """
    if not (source.flags.aligned and target.flags.aligned):
        return None
    strides, sizes = (source.strides, target.strides), (source.itemsize, target.itemsize)
    stacked = _stacked(source.shape, *strides, *sizes)
    if stacked is None:
        return None
    axes, extents = stacked
    return source.transpose(axes).reshape(extents), target.transpose(axes).reshape(extents)


@lru_cache(maxsize=1024)
def _stacked(
    shape: Axes, source: Axes, target: Axes, source_size: int, target_size: int
) -> tuple[Axes, Axes] | None:
    """The order of axes and the extents of `as_stacks`, for arrays of these strides in bytes."""
    items = zip((source, target), (source_size, target_size), strict=True)
    if any(stride % size for strides, size in items for stride in strides):
        return None
    source, target = (
        tuple(s // source_size for s in source),
        tuple(s // target_size for s in target),
    )
    groups = _merged(shape, source, target)
    runs = [group for group in groups if source[group[-1]] == 1]
    if len(groups) > 3 or not runs or target[groups[-1][-1]] != 1:
        return None
    across, others = runs[0], [group for group in groups if group is not runs[0]]
    stack, down = [[], [], *others][-2:]
    ones = [axis for axis, extent in enumerate(shape) if extent == 1]
    extents = (prod(shape[axis] for axis in group) for group in (stack, down, across))
    return (*ones, *stack, *down, *across), tuple(extents)


def _merged(shape: Axes, source: Axes, target: Axes) -> list[list[int]]:
    """The axes of several elements in the order of the target's strides.

    Those that are one axis in the memory of both are together.
    """
    axes = [axis for axis, extent in enumerate(shape) if extent > 1]
    groups: list[list[int]] = []
    for axis in sorted(axes, key=lambda axis: -target[axis]):
        before = groups[-1][-1] if groups else axis
        if all(each[before] == each[axis] * shape[axis] for each in (source, target)):
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return groups
