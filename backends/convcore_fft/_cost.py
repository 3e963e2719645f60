"""What a plan costs: expected seconds, from points transformed, elements multiplied and calls."""

from __future__ import annotations

from math import log2, prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._plan import Plan

# Seconds for float32, minimum of interleaved runs on one core of an AMD EPYC virtual machine with
# SciPy 1.17 and OpenBLAS; everything but the overheads doubles for float64.
FFT_POINT = 0.22e-9  # per real point and log2 of the transform
COPY_POINT = 0.8e-9  # gather, scatter or fill up with zeros, per real point
MULTIPLY, ADD = 0.55e-9, 0.45e-9  # per complex product or sum, array against array
MATMUL = 0.17e-9  # per complex multiply-add inside a matrix product
MATMUL_CALL = 150e-9  # per matrix product
TRANSPOSE = 3e-9  # per complex element put in frequency order, and back
SLICE_CALL, CHUNK_CALL, BASE_CALL = 10e-6, 80e-6, 100e-6
# Share of the transforms of one chunk at a time, or of everything where chunks are worked on at
# once, that more threads divide.
TRANSFORMS_SHARED, CHUNKS_SHARED = 0.8, 0.65


def seconds(plan: Plan) -> float:
    """Expected time on one thread."""
    return transforms(plan) + products(plan) + copies(plan) + calls(plan)


def on_threads(plan: Plan, threads: int) -> float:
    """Expected time of a call that may use `threads`."""
    whole, team = plan.seconds, plan.team(threads)
    if team.lanes > 1:
        return whole * (1 - CHUNKS_SHARED + CHUNKS_SHARED / team.lanes)
    return whole - transforms(plan) * TRANSFORMS_SHARED * (1 - 1 / team.workers)


def transforms(plan: Plan) -> float:
    """Expected time of the transforms."""
    if not plan.lengths:
        return 0.0
    points = _tile_points(plan) + _weight_points(plan)
    return FFT_POINT * _scale(plan) * points * (2 + log2(prod(plan.lengths)))


def products(plan: Plan) -> float:
    """Expected time of the products of spectra, of all chunks and blocks."""
    each = product_of_chunk(plan, plan.by_matmul)
    return _scale(plan) * plan.chunk_count * prod(plan.repeats) * each


def product_of_chunk(plan: Plan, by_matmul: bool) -> float:
    """Time of the products of one chunk of one block in float32."""
    groups, outputs, inputs = plan.block
    inputs, many = inputs * plan.phases, groups * prod(plan.frequencies)
    pairs = plan.chunk * outputs * inputs
    if by_matmul:
        moved = TRANSPOSE * (plan.chunk * (outputs + inputs) + outputs * inputs)
        return many * (MATMUL_CALL + moved + MATMUL * pairs)
    return many * pairs * (MULTIPLY + (ADD if inputs > 1 else 0))


def copies(plan: Plan) -> float:
    """Expected time of gathering, scattering and filling up with zeros."""
    weight = _weight_points(plan)
    copied = COPY_POINT * (_tile_points(plan) + 2 * weight)
    return _scale(plan) * (copied + (TRANSPOSE / 2 * weight if plan.by_matmul else 0))


def calls(plan: Plan) -> float:
    """Expected time of everything that does not grow with the extents of a tile."""
    blocks = prod(plan.repeats)
    slices = prod(plan.tile.counts) * -(-plan.batch // plan.together[0]) * (plan.phases + 1)
    return BASE_CALL + blocks * (CHUNK_CALL * plan.chunk_count + SLICE_CALL * slices)


def _tile_points(plan: Plan) -> int:
    """Real points that are gathered or scattered, on both sides."""
    _, again_x, again_y = plan.repeats
    channels = plan.inputs * plan.phases * again_x + plan.outputs * again_y
    points = plan.groups * channels * plan.batch * prod(plan.tile.counts)
    return points * prod(plan.tile.extents) * (2 if plan.is_complex else 1)


def _weight_points(plan: Plan) -> int:
    """Real points of the weight with the zeros that fill it up."""
    pairs = plan.groups * plan.outputs * plan.inputs * plan.phases
    return pairs * prod(plan.lengths) * (2 if plan.is_complex else 1)


def _scale(plan: Plan) -> float:
    return plan.dtype.itemsize / (8 if plan.is_complex else 4)
