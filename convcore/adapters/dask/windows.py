"""What the windows of blocks are made of: runs of elements from the chunks of an array.

Along one axis a window is a `Span` of a few runs: its own chunk, a strip of each neighbour, and
where the border mirrors or repeats the array, pieces of that, backwards or one element many times.
Over all axes it is the product of its spans. These are tables of integers, a row for each block
along each axis, so that they stay small however many blocks there are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...plugin import Array, derived
from ...problem import Pair

Index: TypeAlias = tuple[int, ...]
# Where a strip lies in its chunk: (start, stop) for each axis.
Place: TypeAlias = tuple[Pair, ...]
Faces: TypeAlias = dict[Place, Array]
# Makes an array of a shape.
NewArray: TypeAlias = Callable[[tuple[int, ...]], Array]


class Run(NamedTuple):
    """Neighbouring elements of a window that come from one chunk.

    Attributes
    ----------
    chunk : int
        Which chunk along the axis.
    source : (int, int)
        The elements [start, stop) of the chunk.
    step : int
        1, or -1 for elements in reverse order, or 0 for one element that is repeated.
    target : (int, int)
        Where they go in the window.
    """

    chunk: int
    source: Pair
    step: int
    target: Pair


class Span(NamedTuple):
    """A window along one axis: its extent without padding, the padding, and its runs."""

    extent: int
    padding: Pair
    runs: tuple[Run, ...]


def bounds_of(chunks: Sequence[int]) -> tuple[int, ...]:
    """Where chunks begin and end: one entry more than there are chunks.

    Examples
    --------
    >>> bounds_of((4, 4, 2))
    (0, 4, 8, 10)
    """
    return tuple(accumulate(chunks, initial=0))


def span_of_range(start: int, stop: int, bounds: Sequence[int], padding: Pair = (0, 0)) -> Span:
    """Span of the elements [start, stop), in their order.

    Examples
    --------
    >>> [run.source for run in span_of_range(3, 5, (0, 4, 8)).runs]
    [(3, 4), (0, 1)]
    """
    runs = []
    position = start
    while position < stop:
        chunk = bisect_right(bounds, position) - 1
        end, origin = min(stop, bounds[chunk + 1]), bounds[chunk]
        target = (position - start, end - start)
        runs.append(Run(chunk, (position - origin, end - origin), 1, target))
        position = end
    return Span(stop - start, padding, tuple(runs))


def span_of_positions(positions: Sequence[int], bounds: Sequence[int]) -> Span:
    """Span of elements at any positions, such as those of a mirrored border.

    Examples
    --------
    >>> [(run.source, run.step) for run in span_of_positions([2, 1, 0, 1, 2], (0, 4)).runs]
    [((0, 3), -1), ((1, 3), 1)]
    """
    runs = []
    begin, count = 0, len(positions)
    while begin < count:
        first = positions[begin]
        chunk = bisect_right(bounds, first) - 1
        low, high = bounds[chunk], bounds[chunk + 1]
        step = positions[begin + 1] - first if begin + 1 < count else 1
        step = step if -1 <= step <= 1 else 1
        end = begin + 1
        while end < count and positions[end] == positions[end - 1] + step:
            if not low <= positions[end] < high:
                break
            end += 1
        ends = sorted((first, positions[end - 1]))
        runs.append(Run(chunk, (ends[0] - low, ends[1] + 1 - low), step, (begin, end)))
        begin = end
    return Span(count, (0, 0), tuple(runs))


@dataclass(frozen=True)
class Windows:
    """The windows of all blocks in one array.

    A block along an axis has one span, or several where its border is wrapped round to the far
    side; the window of a block is cut for each combination of them.

    Parameters
    ----------
    axes : tuple
        ``axes[axis][block]`` is a tuple of spans.
    chunks : tuple of tuple of int
        Of the array.
    """

    axes: tuple[tuple[tuple[Span, ...], ...], ...]
    chunks: tuple[tuple[int, ...], ...]

    @derived
    def _chunks_of(self) -> list[list[tuple[int, ...]]]:
        """For each axis and block the chunks that it reads, that of its longest run first."""
        return [[_chunks_read(spans) for spans in blocks] for blocks in self.axes]

    @derived
    def _users(self) -> list[dict[int, list[tuple[int, Pair]]]]:
        """For each axis and chunk the blocks that read it, with what they read."""
        return [_users(blocks) for blocks in self.axes]

    def home(self, block: Index) -> Index:
        """The chunk that most of a block's window comes from; it goes to the block as it is."""
        return tuple(chunks[b][0] for chunks, b in zip(self._chunks_of, block, strict=True))

    def chunks_of(self, block: Index) -> Iterator[Index]:
        """Every chunk that a block reads, its home first; none where all of it is padding."""
        per_axis = [chunks[b] for chunks, b in zip(self._chunks_of, block, strict=True)]
        return product(*per_axis)

    def spans(self, block: Index) -> Iterator[tuple[Span, ...]]:
        """The spans of each window of a block."""
        return product(*(blocks[b] for blocks, b in zip(self.axes, block, strict=True)))

    def face_places(self, chunk: Index) -> set[Place]:
        """What other blocks read of a chunk: all that they need of it, in as many pieces."""
        places = set()
        for users in product(*(axis[c] for axis, c in zip(self._users, chunk, strict=True))):
            block, place = zip(*users, strict=True)
            if place not in places and self.home(block) != chunk:
                places.add(place)
        return places

    def faces(self, chunk: Index, array: Any) -> Faces:
        """The faces of a chunk, as copies that do not keep it in memory."""
        return {place: array[_slices(place)].copy() for place in self.face_places(chunk)}

    def window(
        self, block: Index, spans: Sequence[Span], parts: Sequence[Any], new: NewArray
    ) -> Array:
        """Put a window together, in an array that `new` makes, of the dtype that it has.

        `parts` holds what belongs to `chunks_of(block)`: the home chunk itself, faces of others.
        """
        sources = dict(zip(self.chunks_of(block), parts, strict=True))
        home = next(iter(sources), None)
        if home is not None and self._is_whole(home, spans, parts[0]):
            whole: Array = parts[0].astype(new(()).dtype, copy=False)
            return whole
        window = new(tuple(span.extent for span in spans))
        for runs in product(*(span.runs for span in spans)):
            chunk, place = tuple(run.chunk for run in runs), tuple(run.source for run in runs)
            piece = parts[0][_slices(place)] if chunk == home else sources[chunk][place]
            if any(run.step < 0 for run in runs):
                piece = piece[tuple(slice(None, None, -1 if r.step < 0 else 1) for r in runs)]
            window[_slices(run.target for run in runs)] = piece  # repeats where the step is 0
        return window

    def _is_whole(self, home: Index, spans: Sequence[Span], array: Any) -> bool:
        """Whether the window is the home chunk as it is."""
        if not isinstance(array, np.ndarray):
            return False
        whole = (
            (Run(c, (0, extent[c]), 1, (0, extent[c])),)
            for c, extent in zip(home, self.chunks, strict=True)
        )
        return all(span.runs == runs for span, runs in zip(spans, whole, strict=True))


def _chunks_read(spans: Sequence[Span]) -> tuple[int, ...]:
    lengths: dict[int, int] = defaultdict(int)
    for span in spans:
        for run in span.runs:
            lengths[run.chunk] += run.target[1] - run.target[0]
    return tuple(sorted(lengths, key=lambda chunk: (-lengths[chunk], chunk)))


def _users(blocks: Sequence[Sequence[Span]]) -> dict[int, list[tuple[int, Pair]]]:
    found: dict[int, dict[tuple[int, Pair], None]] = defaultdict(dict)
    for number, spans in enumerate(blocks):
        for span in spans:
            for run in span.runs:
                found[run.chunk][number, run.source] = None
    return {chunk: list(users) for chunk, users in found.items()}


def _slices(place: Any) -> tuple[slice, ...]:
    return tuple(slice(start, stop) for start, stop in place)
