"""Work on an array in pieces that stay in the cache, and on several processors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from math import prod

from .. import settings

# Elements of a piece: eight bytes each, and three copies of it in a second-level cache.
PIECE = 1 << 15
# Pieces below which starting threads costs more than they save.
FEW = 8


def cuts(extent: int, elements: int) -> Iterator[slice]:
    """Parts of an axis of `extent` positions, of `elements` elements each, that fit a piece."""
    step = max(1, PIECE // max(1, elements))
    for start in range(0, extent, step):
        yield slice(start, min(start + step, extent))


def across(shape: tuple[int, ...], axis: int) -> Iterator[tuple[slice, ...]]:
    """Parts of an array that hold all of `axis`: cut along one other axis, from the first on.

    An axis too short to make the parts small leaves the next one to be cut as well.
    """
    here = [slice(0, extent) for extent in shape]
    yield from _across(here, [other for other in range(len(shape)) if other != axis])


def _across(here: list[slice], free: list[int]) -> Iterator[tuple[slice, ...]]:
    sizes = [part.stop - part.start for part in here]
    if not free or prod(sizes) <= PIECE:
        yield tuple(here)
        return
    axis, *others = free
    for part in cuts(sizes[axis], prod(sizes) // sizes[axis]):
        yield from _across([*here[:axis], part, *here[axis + 1 :]], others)


def each(work: Callable[..., None], parts: list[tuple[slice, ...]]) -> None:
    """Call `work` with every part: many of them on as many threads as are allowed, one a part."""
    threads = settings.resolve().threads if len(parts) >= FEW else 1
    if threads == 1:
        for part in parts:
            work(part)
        return
    with settings.options(threads=1), ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(copy_context().run, work, part) for part in parts]
        for job in jobs:
            job.result()
