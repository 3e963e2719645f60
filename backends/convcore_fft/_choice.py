"""The choice of a plan by the cost model, under a bound for the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import numpy as np

from convcore.plugin import Geometry, Operation

from . import _cost
from ._lattice import Axis
from ._plan import Plan
from ._tiles import Tile, candidates


def plan_for(geometry: Geometry, dtype: np.dtype[Any], operation: Operation, limit: int) -> Plan:
    """The plan of least expected time among those whose workspace is at most `limit` bytes.

    Where nothing fits, the plan of least workspace. Thread counts play no part, so that the order
    of summation is the same for all.
    """
    return _best(geometry, dtype, operation == "grad_input", limit)


@lru_cache(maxsize=1024)
def _best(geometry: Geometry, dtype: np.dtype[Any], adjoint: bool, limit: int) -> Plan:
    """The whole of a small problem as one tile; of a larger one the best of many cuts.

    All axes first move through their candidates together, then each once on its own.
    """
    axes = tuple(Axis.of(geometry, i, adjoint=adjoint) for i in range(geometry.spatial_rank))

    @cache
    def plan(*lengths: int) -> Plan:
        return _cut(geometry, dtype, axes, Tile.of(axes, lengths), limit)

    whole = plan(*(axis.single for axis in axes))
    if whole.workspace() <= limit and whole.seconds < 2 * _cost.calls(whole):
        return whole
    lists = [candidates(axis) for axis in axes]

    def rank(choice: tuple[int, ...]) -> tuple[int, float]:
        one = plan(*_lengths(lists, choice))
        return max(0, one.workspace() - limit), one.seconds

    together = range(0, max(map(len, lists)) + 1, 2)
    best = min((tuple(min(i, len(e) - 1) for e in lists) for i in together), key=rank)
    for axis, entry in enumerate(lists):
        near = range(max(0, best[axis] - 2), min(len(entry), best[axis] + 3))
        best = min(((*best[:axis], i, *best[axis + 1 :]) for i in near), key=rank)
    return plan(*_lengths(lists, best))


def _lengths(lists: list[list[int]], choice: tuple[int, ...]) -> Iterator[int]:
    return (entry[i] for entry, i in zip(lists, choice, strict=True))


def _cut(
    geometry: Geometry, dtype: np.dtype[Any], axes: tuple[Axis, ...], tile: Tile, limit: int
) -> Plan:
    return Plan(
        axes=axes,
        tile=tile,
        batch=geometry.batch,
        groups=geometry.groups,
        outputs=geometry.out_channels // geometry.groups,
        inputs=geometry.in_channels // geometry.groups,
        dtype=dtype,
        limit=limit,
    )
