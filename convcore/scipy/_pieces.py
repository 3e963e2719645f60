"""Work on an array in pieces that stay in the cache, and on several processors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from math import prod
from typing import Any, TypeAlias

import numpy as np

from .. import settings
from ..plugin import Array

Part: TypeAlias = tuple[slice, ...]

# Elements of a piece, of eight bytes: large beside the cost of a call, small beside the caches.
PIECE = 1 << 17
# Bytes of scratch memory beyond which it is not kept.
MOST_KEPT = 1 << 22
# Pieces below which starting threads costs more than they save.
FEW = 4


def cuts(extent: int, elements: int) -> Iterator[slice]:
    """Parts of an axis of `extent` positions, of `elements` elements each, that fit a piece."""
    step = max(1, PIECE // max(1, elements))
    for start in range(0, extent, step):
        yield slice(start, min(start + step, extent))


def bands(shape: tuple[int, ...]) -> list[Part]:
    """An array cut along its first axis."""
    return [(part,) for part in cuts(shape[0], prod(shape[1:]))]


def across(shape: tuple[int, ...], axis: int) -> Iterator[Part]:
    """Parts of an array that hold all of `axis`: cut along one other axis, from the first on.

    An axis too short to make the parts small leaves the next one to be cut as well.
    """
    here = [slice(0, extent) for extent in shape]
    yield from _across(here, [other for other in range(len(shape)) if other != axis])


def _across(here: list[slice], free: list[int]) -> Iterator[Part]:
    sizes = [part.stop - part.start for part in here]
    if not free or prod(sizes) <= PIECE:
        yield tuple(here)
        return
    axis, *others = free
    for part in cuts(sizes[axis], prod(sizes) // sizes[axis]):
        yield from _across([*here[:axis], part, *here[axis + 1 :]], others)


class Scratch:
    """Memory for what is computed on the way, used again for the next piece."""

    def __init__(self) -> None:
        self._kept: dict[str, Array] = {}

    def array(self, name: str, shape: Sequence[int], dtype: np.dtype[Any]) -> Array:
        """An array whose contents last until the same name is asked for again."""
        count = prod(shape)
        memory = self._kept.get(name)
        if memory is None or memory.size < count or memory.dtype != dtype:
            memory = self._kept[name] = np.empty(count, dtype)
        return memory[:count].reshape(shape)

    @property
    def nbytes(self) -> int:
        """Bytes that are held."""
        return sum(memory.nbytes for memory in self._kept.values())


# What is left from earlier calls, since new memory costs as much as the filter itself.
_spare: deque[Scratch] = deque(maxlen=4)


def each(work: Callable[[Part, Scratch], None], parts: list[Part]) -> None:
    """Call `work` with every part: many of them on as many threads as are allowed, one a part."""
    threads = settings.resolve().threads if len(parts) >= FEW else 1
    if threads == 1:
        _all(work, parts)
        return
    with settings.options(threads=1), ThreadPoolExecutor(threads) as pool:
        shares = [parts[first::threads] for first in range(threads)]
        jobs = [pool.submit(copy_context().run, _all, work, share) for share in shares]
        for job in jobs:
            job.result()


def _all(work: Callable[[Part, Scratch], None], parts: list[Part]) -> None:
    try:
        scratch = _spare.pop()
    except IndexError:
        scratch = Scratch()
    for part in parts:
        work(part, scratch)
    if scratch.nbytes <= MOST_KEPT:
        _spare.append(scratch)
