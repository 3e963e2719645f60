"""Random problems, from a seed: they add to the catalogue and never replace it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..plugin import OPERATIONS, Convolution, Geometry
from .cases import Case
from .check import floats


def random_geometry(generator: np.random.Generator, rank: int) -> Geometry:
    """A small problem of one spatial rank with every option drawn at random."""

    def draw(low: int, high: int) -> int:
        return int(generator.integers(low, high, endpoint=True))

    axes = [_random_axis(draw, 12 if rank < 3 else 6) for _ in range(rank)]
    extents, kernel, stride, dilation, padding = zip(*axes, strict=True)
    groups = draw(1, 3)
    return Geometry(
        batch=draw(1, 3),
        in_channels=groups * draw(1, 3),
        out_channels=groups * draw(1, 3),
        groups=groups,
        input_extents=extents,
        kernel_extents=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
    )


def _random_axis(draw: Any, largest: int) -> tuple[int, int, int, int, tuple[int, int]]:
    """Extent, kernel extent, stride, dilation and padding of one axis, which fit each other."""
    extent, kernel, stride, dilation = draw(1, largest), draw(1, 4), draw(1, 4), draw(1, 3)
    before = draw(-((extent - 1) // 2), 3)
    after = draw(-((extent - 1) // 2), 3)
    missing = dilation * (kernel - 1) + 1 - (extent + before + after)
    return extent, kernel, stride, dilation, (before, after + max(missing, 0))


def random_cases(backend: type[Convolution], count: int, seed: int, data: str) -> Iterator[Case]:
    """`count` random problems of declared ranks up to 4 and declared dtypes, in all operations."""
    generator = np.random.default_rng(seed)
    ranks = [rank for rank in range(1, 5) if rank in backend.declaration.ranks]
    dtypes = floats(backend.declaration)
    for _ in range(count if ranks and dtypes else 0):
        geometry = random_geometry(generator, int(generator.choice(ranks)))
        dtype = str(generator.choice(dtypes))
        for operation in OPERATIONS:
            yield Case(backend, geometry, dtype, operation, data)
