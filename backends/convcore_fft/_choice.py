"""The choice of a plan by the cost model, under a bound for the workspace."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import prod

import numpy as np

from convcore.plugin import Geometry, Operation

from ._lattice import Axis
from ._plan import CHUNK, MANY_TILES, OBJECT_BYTES, SCRATCH, TILE_BYTES, Plan
from ._tiles import Tile, candidates


def _fitted(plan: Plan, limit: int) -> Plan:
    """`plan` with blocks and chunks that keep its workspace under `limit` where that can be."""
    plan = replace(plan, block=_block(plan, limit), scratch=min(SCRATCH, limit // 8))
    room = limit - 2 * plan.weight_bytes - OBJECT_BYTES - plan.scratch
    fits = max(1, min(room, CHUNK) // (plan.sample_bytes + TILE_BYTES))
    samples = min(fits, plan.batch)
    tiles = min(fits // samples, prod(plan.tile.counts), MANY_TILES)
    return replace(plan, samples=samples, tiles=tiles)


def _block(plan: Plan, limit: int) -> tuple[int, int, int]:
    """Channels whose spectra leave half of `limit` free: all groups, or one, or part of one."""
    groups, outputs, inputs = plan.groups, plan.outputs, plan.inputs
    while groups * outputs * inputs > 1:
        weight = 3 * groups * outputs * inputs * plan.phases * plan.spectrum_bytes
        both = 2 * groups * (outputs + inputs * plan.phases) * plan.pair_bytes
        if max(weight, both) <= limit // 2:
            break
        if groups > 1:
            groups = -(-groups // 2)
        elif outputs >= inputs:
            outputs = -(-outputs // 2)
        else:
            inputs = -(-inputs // 2)
    return groups, outputs, inputs


def plan_for(geometry: Geometry, dtype: str, operation: Operation, limit: int) -> Plan:
    """The plan of least expected time among those whose workspace is at most `limit` bytes.

    Where nothing fits, the plan of least workspace. Thread counts play no part, so that the order
    of summation is the same for all.
    """
    return _best(geometry, dtype, operation == "grad_input", limit)


@lru_cache(maxsize=256)
def _best(geometry: Geometry, dtype: str, adjoint: bool, limit: int) -> Plan:
    """All axes first move through their candidates together, then each once on its own."""
    axes = tuple(Axis.of(geometry, i, adjoint=adjoint) for i in range(geometry.spatial_rank))
    lists = [candidates(axis) for axis in axes]

    def plan(choice: tuple[int, ...]) -> Plan:
        tile = Tile.of(axes, tuple(entry[i] for entry, i in zip(lists, choice, strict=True)))
        return _fitted(_whole(geometry, np.dtype(dtype), axes, tile), limit)

    def rank(choice: tuple[int, ...]) -> tuple[int, float]:
        one = plan(choice)
        return max(0, one.workspace - limit), one.seconds

    together = range(0, max(map(len, lists)) + 1, 2)
    best = min((tuple(min(i, len(e) - 1) for e in lists) for i in together), key=rank)
    for axis, entry in enumerate(lists):
        near = range(max(0, best[axis] - 2), min(len(entry), best[axis] + 3))
        best = min(((*best[:axis], i, *best[axis + 1 :]) for i in near), key=rank)
    return plan(best)


def _whole(
    geometry: Geometry, dtype: np.dtype[np.generic], axes: tuple[Axis, ...], tile: Tile
) -> Plan:
    return Plan(
        axes=axes,
        tile=tile,
        batch=geometry.batch,
        groups=geometry.groups,
        outputs=geometry.out_channels // geometry.groups,
        inputs=geometry.in_channels // geometry.groups,
        dtype=dtype,
    )
