"""What a cut may allocate: how large its pieces can be, and what its contractions need."""

from __future__ import annotations

from ._cut import Channels, Cut
from ._dense import Dense
from ._tiles import Tile

DEFAULT_WORKSPACE = 64 * 2**20
# Chunks beyond this do not amortise anything more, but leave the cache.
CHUNK = 4 * 2**20
# Workspace of one contraction. 512 KiB would fit an L2 cache, but means more calls on shorter
# arrays: with 3 to 8 channels 2 MiB took 0.8 of the time, and 8 MiB as long as 2
# (AMD EPYC, Zen 3, 2026-11-23).
CONTRACTION = 2**21
# Fewest frequencies that a contraction handles together, and most tiles in one chunk.
FEW_FREQUENCIES, MANY_TILES = 64, 1024
# Longest sum that is added up term by term; longer ones are split, lest the errors add up too.
RUN = 64
# Python objects and NumPy buffers of a call; of a tile; of a combination of stride phases.
OBJECT_BYTES, TILE_BYTES, PHASE_BYTES = 2**17, 2**10, 2**8


def weight_bytes(dense: Dense, tile: Tile, block: Channels) -> int:
    """Bytes of the spectra of one block of the weight."""
    groups, outputs, inputs = block
    pairs = groups * outputs * inputs * dense.phases
    return pairs * tile.frequencies * dense.spectrum_itemsize


def sample_bytes(dense: Dense, tile: Tile, block: Channels) -> int:
    """Arrays and spectra of one tile of one sample, on both sides."""
    groups, outputs, inputs = block
    both = tile.points * dense.itemsize + tile.frequencies * dense.spectrum_itemsize
    return groups * (outputs + inputs * dense.phases) * both * tile.positions


def largest_block(dense: Dense, tile: Tile) -> Channels:
    """Groups, output and input channels whose spectra leave half of the limit free.

    All of them, or else some groups, or one, or part of one.
    """
    groups, outputs, inputs = dense.channels
    while groups * outputs * inputs > 1:
        block = groups, outputs, inputs
        weight, sample = weight_bytes(dense, tile, block), sample_bytes(dense, tile, block)
        if max(3 * weight, 2 * sample) <= dense.limit // 2:
            break
        if groups > 1:
            groups = -(-groups // 2)
        elif outputs >= inputs:
            outputs = -(-outputs // 2)
        else:
            inputs = -(-inputs // 2)
    return groups, outputs, inputs


def largest_chunk(dense: Dense, tile: Tile, block: Channels) -> tuple[int, int]:
    """Samples and tiles that are transformed together, beside two blocks of the weight."""
    room = dense.limit - 2 * weight_bytes(dense, tile, block) - OBJECT_BYTES
    room = min(room - contraction_limit(dense), CHUNK)
    fits = max(1, room // (sample_bytes(dense, tile, block) + TILE_BYTES))
    samples = min(fits, dense.batch)
    return samples, min(fits // samples, tile.number, MANY_TILES)


def product_elements(by_matmul: bool, rows: int, inner: int, columns: int) -> int:
    """Workspace elements for one frequency of products summed over `inner` channels."""
    results = rows * columns * (4 + (inner // RUN).bit_length())
    return results + ((rows + columns) * inner if by_matmul else 0)


def few_frequencies(by_matmul: bool) -> int:
    """Fewest frequencies that a contraction takes together."""
    return 1 if by_matmul else FEW_FREQUENCIES


def contraction_limit(dense: Dense) -> int:
    """Bytes that a contraction should stay under."""
    return min(CONTRACTION, dense.limit // 8)


def contraction_bytes(cut: Cut) -> int:
    """Workspace of one contraction, whichever operation it belongs to."""
    groups, outputs, inputs = cut.block
    a, b, c = cut.chunk, outputs, inputs * cut.dense.phases
    # Rows and columns can be swapped, so these are all the orders there are.
    orders = ((a, b, c), (a, c, b), (b, a, c))
    most = max([product_elements(cut.by_matmul, *order) for order in orders])
    least = few_frequencies(cut.by_matmul) * groups * cut.dense.spectrum_itemsize
    return max(contraction_limit(cut.dense), least * most)


def running_bytes(cut: Cut) -> int:
    """Upper bound of what is allocated for one chunk that is worked on."""
    samples, tiles = cut.together
    arrays = samples * sample_bytes(cut.dense, cut.tile, cut.block) + TILE_BYTES
    return tiles * arrays + contraction_bytes(cut)


def workspace(cut: Cut, at_once: int = 1) -> int:
    """Upper bound of the bytes that are allocated at one time, with so many chunks at once."""
    weight = weight_bytes(cut.dense, cut.tile, cut.block)
    return _standing_bytes(cut, weight) + max(at_once * running_bytes(cut), weight)


def most_at_once(cut: Cut) -> int:
    """How many chunks can be worked on at once within the limit."""
    weight = weight_bytes(cut.dense, cut.tile, cut.block)
    return (cut.dense.limit - _standing_bytes(cut, weight) - weight) // running_bytes(cut)


def _standing_bytes(cut: Cut, weight: int) -> int:
    """Bytes that are there whatever is worked on: of the objects, and twice those of a weight."""
    return OBJECT_BYTES + PHASE_BYTES * cut.dense.phases + 2 * weight
