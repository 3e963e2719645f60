"""Channels in chunks and groups: every product is formed once."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("dask.array")
channels = pytest.importorskip("convcore.adapters.dask.channels")


def drawn_bounds(rng, extent):
    cuts = rng.integers(1, extent + 1, int(rng.integers(0, 4))).tolist()
    return (0, *sorted({cut for cut in cuts if cut < extent}), extent)


@pytest.mark.parametrize("seed", range(200))
def test_every_target_meets_all_channels_of_its_group_once(seed):
    rng = np.random.default_rng(seed)
    groups, per_target, per_source = rng.integers(1, 6, 3).tolist()
    targets = drawn_bounds(rng, groups * per_target)
    sources = drawn_bounds(rng, groups * per_source)
    met = np.zeros((groups * per_target, groups * per_source), int)
    last = 0
    for piece in channels.pieces_of(groups, targets, sources):
        start, stop = piece.target
        assert start == last < stop
        last = stop
        assert not [bound for bound in targets if start < bound < stop]
        for (low, high), (inner, _) in zip(piece.terms, piece.inner, strict=True):
            assert not [bound for bound in sources if low < bound < high]
            rows, columns = (stop - start) // piece.groups, (high - low) // piece.groups
            for group in range(piece.groups):
                row, column = start + group * rows, low + group * columns
                met[row : row + rows, column : column + columns] += 1
            if piece.groups == 1:
                assert low % per_source == inner
                assert start % per_target == piece.own[0]
    assert last == groups * per_target
    want = np.kron(np.eye(groups, dtype=int), np.ones((per_target, per_source), int))
    np.testing.assert_array_equal(met, want)


def test_whole_groups_in_one_chunk_are_one_piece():
    (piece,) = channels.pieces_of(64, (0, 64), (0, 64))
    assert piece.groups == 64
    assert piece.terms == ((0, 64),)
    assert [p.groups for p in channels.pieces_of(64, (0, 64), (0, 16, 32, 64))] == [16, 16, 32]


def test_channels_of_one_group_are_as_many_terms_as_chunks():
    bounds = tuple(range(0, 65, 8))
    (piece,) = channels.pieces_of(1, (0, 3), bounds)
    assert piece.terms == tuple(pairwise(bounds)) == piece.inner
