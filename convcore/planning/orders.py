"""Copies between arrays whose axes stand in different orders in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import TypeAlias

from ..contract import Array, Convolution

# Overwrites its first argument with the second, an array of the same shape.
Copy: TypeAlias = Callable[[Array, Array], None]
Axes: TypeAlias = tuple[int, ...]
# The axes of A, B and L in `as_matrices`, and their extents.
Exchange: TypeAlias = tuple[Axes, Axes, Axes, tuple[int, int, int]]

# Elements that NumPy has copied before it is found out how to transpose them (Zen 3, 2026-12).
FEW = 1 << 12


def assign(target: Array, source: Array) -> None:
    """The copy that NumPy makes."""
    target[...] = source


def copier(plan: Convolution) -> Copy:
    """A copy of arrays that lets the backend of `plan` transpose matrices."""

    def copy(target: Array, source: Array) -> None:
        pair = as_matrices(source, target) if source.size > FEW else None
        if pair is None:
            assign(target, source)
        else:
            plan.copy_transposed(*pair, threads=plan.threads)

    return copy


def as_matrices(source: Array, target: Array) -> tuple[Array, Array] | None:
    """Views (A, B, L) and (A, L, B) of two arrays, whose last axes are contiguous, if there are."""
    if source.dtype != target.dtype or not (source.flags.aligned and target.flags.aligned):
        return None
    exchange = _exchange(source.shape, source.strides, target.strides, source.itemsize)
    if exchange is None:
        return None
    stack, down, across, (a, b, c) = exchange
    return (
        source.transpose(stack + down + across).reshape(a, b, c),
        target.transpose(stack + across + down).reshape(a, c, b),
    )


@lru_cache(maxsize=1024)
def _exchange(shape: Axes, source: Axes, target: Axes, size: int) -> Exchange | None:
    """What `as_matrices` sees in arrays of these strides, whose items have `size` bytes."""
    groups = _merged(shape, source, target)
    runs = [group for group in groups if source[group[-1]] == size]
    if len(groups) > 3 or not runs or runs[0] is groups[-1] or target[groups[-1][-1]] != size:
        return None
    down, across = tuple(groups[-1]), tuple(runs[0])
    stack = tuple(axis for axis in range(len(shape)) if axis not in down + across)
    a, b, c = (prod(shape[axis] for axis in group) for group in (stack, down, across))
    return stack, down, across, (a, b, c)


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
