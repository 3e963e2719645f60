"""What a cut costs: expected seconds, from points transformed, elements multiplied and calls."""

from __future__ import annotations

from math import log2, prod

from ._cut import Channels, Cut
from ._dense import Dense
from ._memory import CHUNK, MANY_TILES, TILE_BYTES
from ._tiles import Tile

# Seconds for float32, minimum of interleaved runs on one core of an AMD EPYC (Zen 3) virtual
# machine with SciPy 1.17 and OpenBLAS, 2026-11-23; all but the overheads double for float64.
FFT_POINT = 0.22e-9  # per real point and log2 of the transform
COPY_POINT = 0.8e-9  # gather, scatter or fill up with zeros, per real point
MULTIPLY, ADD = 0.55e-9, 0.45e-9  # per complex product or sum, array against array
MATMUL = 0.17e-9  # per complex multiply-add inside a matrix product
MATMUL_CALL = 150e-9  # per matrix product
TRANSPOSE = 3e-9  # per complex element put in frequency order, and back
SLICE_CALL, CHUNK_CALL, BASE_CALL = 10e-6, 80e-6, 100e-6


def seconds(cut: Cut) -> float:
    """Expected time on one thread."""
    return transforms(cut) + products(cut) + copies(cut) + calls(cut)


def seconds_in_one_block(dense: Dense, tile: Tile) -> float:
    """`seconds` of the cut into such tiles, to the bit, if all channels stay in one block.

    And if the limit of the workspace leaves room for whole chunks, as two of them do. Written out
    in numbers, because an estimate looks at several tiles and has microseconds for it.
    """
    inputs, outputs = dense.group_in_channels * dense.phases, dense.group_out_channels
    channels, pairs, groups = inputs + outputs, inputs * outputs, dense.groups
    elements = tile.points * dense.itemsize + tile.frequencies * dense.spectrum_itemsize
    fits = CHUNK // (groups * channels * elements * tile.positions + TILE_BYTES) or 1
    samples = min(fits, dense.batch)
    tiles, rows = min(fits // samples, tile.number, MANY_TILES), -(-dense.batch // samples)
    chunks, chunk = rows * -(-tile.number // tiles), samples * tiles * tile.positions

    many, multiplied = groups * tile.frequencies, chunk * pairs
    moved = TRANSPOSE * (chunk * channels + pairs)
    by_matmul = many * (MATMUL_CALL + moved + MATMUL * multiplied)
    by_element = many * multiplied * (MULTIPLY + (ADD if inputs > 1 else 0))

    points, scale = groups * tile.points * _parts(dense), _scale(dense)
    weight, both = pairs * points, channels * dense.batch * tile.number * tile.positions * points
    copied = COPY_POINT * (both + 2 * weight)
    copied += TRANSPOSE / 2 * weight if by_matmul < by_element else 0
    slices = tile.number * rows * (dense.phases + 1)
    called = BASE_CALL + (CHUNK_CALL * chunks + SLICE_CALL * slices)
    octaves = 2 + log2(tile.points) if dense.transformed else 0
    transformed = FFT_POINT * scale * (both + weight) * octaves
    return transformed + scale * chunks * min(by_matmul, by_element) + scale * copied + called


def transforms(cut: Cut) -> float:
    """Expected time of the transforms."""
    if not cut.dense.transformed:
        return 0.0
    points = sum(_points(cut))
    return FFT_POINT * _scale(cut.dense) * points * (2 + log2(cut.tile.points))


def products(cut: Cut) -> float:
    """Expected time of the products of spectra, of all chunks and blocks."""
    each = product_of_chunk(cut.dense, cut.tile, cut.block, cut.chunk, cut.by_matmul)
    return _scale(cut.dense) * cut.chunk_count * prod(cut.repeats) * each


def product_of_chunk(
    dense: Dense, tile: Tile, block: Channels, chunk: int, by_matmul: bool
) -> float:
    """Time of the products of one chunk of one block in float32."""
    groups, outputs, inputs = block
    inputs, many = inputs * dense.phases, groups * tile.frequencies
    pairs = chunk * outputs * inputs
    if by_matmul:
        moved = TRANSPOSE * (chunk * (outputs + inputs) + outputs * inputs)
        return many * (MATMUL_CALL + moved + MATMUL * pairs)
    return many * pairs * (MULTIPLY + (ADD if inputs > 1 else 0))


def copies(cut: Cut) -> float:
    """Expected time of gathering, scattering and filling up with zeros."""
    moved, weight = _points(cut)
    copied = COPY_POINT * (moved + 2 * weight)
    return _scale(cut.dense) * (copied + (TRANSPOSE / 2 * weight if cut.by_matmul else 0))


def calls(cut: Cut) -> float:
    """Expected time of everything that does not grow with the extents of a tile."""
    blocks, dense = prod(cut.repeats), cut.dense
    slices = cut.tile.number * -(-dense.batch // cut.together[0]) * (dense.phases + 1)
    return BASE_CALL + blocks * (CHUNK_CALL * cut.chunk_count + SLICE_CALL * slices)


def _points(cut: Cut) -> tuple[int, int]:
    """Real points gathered or scattered, on both sides, and those of the weight with its zeros."""
    dense, tile = cut.dense, cut.tile
    inputs, outputs = dense.group_in_channels * dense.phases, dense.group_out_channels
    # Every block of output channels transforms the input again, and the other way round.
    _, inputs_again, outputs_again = cut.repeats
    channels = inputs * inputs_again + outputs * outputs_again
    moved = channels * dense.batch * tile.number * tile.positions
    points = dense.groups * tile.points * _parts(dense)
    return moved * points, inputs * outputs * points


def _parts(dense: Dense) -> int:
    """Real numbers in one element."""
    return 2 if dense.is_complex else 1


def _scale(dense: Dense) -> float:
    """Bytes of a real number, in those of float32."""
    return dense.itemsize / (8 if dense.is_complex else 4)
