"""What a call costs: products at the speed of BLAS, operands at that of memory, and the loops."""

from __future__ import annotations

from math import ceil, prod
from typing import Any

import numpy as np

from convcore.plugin import FLOAT_NAMES, Geometry, Operation

from ._folded import is_pointwise
from ._tiles import LARGE, WIDE

# FLOP per second of numpy.matmul on one core for (64, 576) times (576, 1024), for integers the
# slowest; bytes per second of lowering, and of the products' other large matrix, on all threads
# (they bind where sums are short): AMD EPYC (Zen 3), OpenBLAS, 2026-11-23.
RATES = dict(zip(map(np.dtype, FLOAT_NAMES), (70e9, 33e9, 17e9, 9e9), strict=True))
INTEGER_RATE = 0.7e9
LOWERING_RATE, RESULT_RATE = 12e9, 9e9
# Bytes per second of a weight that is written: of 768 x 1536 channels from one position, and from
# four that are lowered: AMD EPYC (Zen 3), 2026-12.
GRADIENT_RATE, LOWERED_GRADIENT_RATE = 20e9, 7e9
# Bytes per second of a weight that is read; seconds of an empty call, and of one that lowers; of
# each further tile, lowered or not; and of a run of neighbours that lowering copies: AMD EPYC (Zen
# 5), 2026-12-01.
WEIGHT_RATE = 100e9
CALL_SECONDS, LOWERED_CALL_SECONDS = 15e-6, 25e-6
TILE_SECONDS, LOWERED_TILE_SECONDS = 4e-6, 25e-6
RUN_SECONDS = 6e-9


def seconds(geometry: Geometry, dtype: np.dtype[Any], operation: Operation, threads: int) -> float:
    """Expected time of one call, in seconds."""
    positions, taps = prod(geometry.output_extents), prod(geometry.kernel_extents)
    column = geometry.batch * positions * dtype.itemsize
    is_sum = operation == "grad_weight"
    rate = RATES[dtype] * threads if dtype in RATES else INTEGER_RATE
    work = geometry.flop / rate + column * geometry.out_channels / RESULT_RATE
    if is_pointwise(geometry) and (not is_sum or geometry.batch == 1 or positions >= WIDE):
        tiles, gradient_rate = geometry.batch, GRADIENT_RATE
        work += CALL_SECONDS + (tiles - 1) * TILE_SECONDS
    else:
        columns = column * geometry.in_channels * taps
        runs = columns / dtype.itemsize / geometry.output_extents[-1]
        tiles, gradient_rate = ceil(columns / LARGE), LOWERED_GRADIENT_RATE
        work += 2 * columns / LOWERING_RATE + runs * RUN_SECONDS
        work += LOWERED_CALL_SECONDS + (tiles - 1) * LOWERED_TILE_SECONDS
    weight = geometry.out_channels * geometry.group_in_channels * taps * dtype.itemsize
    if not is_sum:
        return work + tiles * weight / WEIGHT_RATE
    # What several tiles add up is read and written once more for each of them.
    return work + (1 if tiles == 1 else 3 * tiles) * weight / gradient_rate
