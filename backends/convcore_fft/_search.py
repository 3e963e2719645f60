"""The search for the tiles of least expected time."""

from __future__ import annotations

from collections.abc import Iterable

from ._cost import calls, product_of_chunk, seconds, seconds_in_one_block
from ._cut import Channels, Cut
from ._dense import Dense
from ._memory import CHUNK, largest_block, largest_chunk, workspace
from ._tiles import Tile, candidates

# By how many octaves, over all axes, good tiles are usually longer than the taps.
USUAL_OCTAVES = 6

# The number of a candidate for the length of a tile, on every axis.
Place = tuple[int, ...]


def cut_into(dense: Dense, tile: Tile, block: Channels) -> Cut:
    """The cut into such tiles and blocks, whose chunks are as large as the limit takes."""
    together = largest_chunk(dense, tile, block)
    sizes = dense, tile, block, together[0] * together[1] * tile.positions
    by_matmul = product_of_chunk(*sizes, True) < product_of_chunk(*sizes, False)
    return Cut(dense, tile, block, together, by_matmul)


def likely_tile(dense: Dense) -> tuple[Tile, float]:
    """The best of a few tiles, each as many octaves longer than the taps on every axis.

    With the time that is expected where the channels stay in one block. From tiles that are often
    good the way leads to shorter ones, or else to longer ones, while they are better.
    """
    shortest = [1 << axis.taps.bit_length() for axis in dense.axes]
    pairs = zip(dense.axes, shortest, strict=True)
    longest = max([axis.single // length for axis, length in pairs]).bit_length()
    start = min(longest, USUAL_OCTAVES // len(shortest))
    first = best = _look(dense, shortest, start)
    for octaves in (range(start - 1, -1, -1), range(start + 1, longest + 1)):
        for octave in octaves:
            tried = _look(dense, shortest, octave)
            if tried[1] >= best[1]:
                break
            best = tried
        if best is not first:
            break
    return best


def _look(dense: Dense, shortest: list[int], octave: int) -> tuple[Tile, float]:
    tile = Tile.of(dense, [length << octave for length in shortest])
    return tile, seconds_in_one_block(dense, tile)


class Search:
    """The whole of a small problem as one tile; of a larger one the best of many cuts."""

    def __init__(self, dense: Dense) -> None:
        self._dense = dense
        self._lengths = [candidates(axis) for axis in dense.axes]
        self._found: dict[Place, tuple[Tile, Channels, float]] = {}

    def best(self) -> tuple[Cut, float]:
        """The best cut, and its expected time on one thread.

        All axes first move through their candidates together, then each once on its own.
        """
        last = tuple([len(lengths) - 1 for lengths in self._lengths])
        cut = self._cut(last)
        if self._fits(cut) and self._seconds(last) < 2 * calls(cut):
            return cut, self._seconds(last)
        together = range(0, max(last) + 2, 2)
        best = self._best_of({tuple([min(at, end) for end in last]) for at in together})
        for axis, end in enumerate(last):
            near = range(max(0, best[axis] - 2), min(end, best[axis] + 2) + 1)
            best = self._best_of((*best[:axis], at, *best[axis + 1 :]) for at in near)
        return self._cut(best), self._seconds(best)

    def _best_of(self, places: Iterable[Place]) -> Place:
        """The quickest that fits, or that of least workspace where none does."""
        ranked = sorted(places, key=lambda place: (self._seconds(place), place))
        for place in ranked:
            if self._fits(self._cut(place)):
                return place
        return min(ranked, key=lambda place: workspace(self._cut(place)))

    def _fits(self, cut: Cut) -> bool:
        return workspace(cut) <= self._dense.limit

    def _cut(self, place: Place) -> Cut:
        return cut_into(self._dense, *self._parts(place)[:2])

    def _seconds(self, place: Place) -> float:
        return self._parts(place)[2]

    def _parts(self, place: Place) -> tuple[Tile, Channels, float]:
        """Tile, block and expected time, kept because neighbours come again."""
        found = self._found.get(place)
        if found is None:
            dense = self._dense
            chosen = [lengths[at] for lengths, at in zip(self._lengths, place, strict=True)]
            tile = Tile.of(dense, chosen)
            block = largest_block(dense, tile)
            if block == dense.channels and dense.limit >= 2 * CHUNK:
                expected = seconds_in_one_block(dense, tile)
            else:
                expected = seconds(cut_into(dense, tile, block))
            found = self._found[place] = tile, block, expected
        return found
