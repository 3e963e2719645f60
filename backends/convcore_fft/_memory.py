"""What a plan may allocate, and what its contractions need."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._plan import Plan

WORKSPACE = 64 * 2**20
# Chunks beyond this do not amortise anything more, but leave the cache.
CHUNK = 4 * 2**20
# Scratch of one contraction. 512 KiB would fit an L2 cache, but means more calls on shorter arrays:
# with 3 to 8 channels 2 MiB took 0.8 of the time (AMD EPYC, Zen 3), and 8 MiB as long as 2.
SCRATCH = 2**21
# Fewest frequencies that a contraction handles together, and most tiles in one chunk.
FEW_FREQUENCIES, MANY_TILES = 64, 1024
# Longest sum that is added up term by term; longer ones are split, lest the errors add up too.
RUN = 64
# Python objects and NumPy buffers of a call; of a tile; of a combination of stride phases.
OBJECT_BYTES, TILE_BYTES, PHASE_BYTES = 2**17, 2**10, 2**8


def product_elements(plan: Plan, rows: int, inner: int, columns: int) -> int:
    """Scratch elements for one frequency of products summed over `inner` channels."""
    results = rows * columns * (4 + (inner // RUN).bit_length())
    return results + ((rows + columns) * inner if plan.by_matmul else 0)


def few_frequencies(plan: Plan) -> int:
    """Fewest frequencies that a contraction takes together."""
    return 1 if plan.by_matmul else FEW_FREQUENCIES


def scratch_limit(plan: Plan) -> int:
    """Bytes that a contraction should stay under."""
    return min(SCRATCH, plan.limit // 8)


def scratch_bytes(plan: Plan) -> int:
    """Scratch of one contraction, whichever operation it belongs to."""
    groups, outputs, inputs = plan.block
    sides = (plan.chunk, outputs, inputs * plan.phases)
    most = max(product_elements(plan, *order) for order in permutations(sides))
    least = few_frequencies(plan) * groups * plan.spectrum_dtype.itemsize
    return max(scratch_limit(plan), least * most)


def chunk_bytes(plan: Plan) -> int:
    """Arrays, spectra and objects of one chunk."""
    samples, tiles = plan.together
    return tiles * (samples * plan.sample_bytes + TILE_BYTES)
