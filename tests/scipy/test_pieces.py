"""Pieces hold every element once, the filtered axis whole; threads carry options and errors."""

import threading

import numpy as np
import pytest

import convcore
from convcore import settings
from convcore.scipy import _pieces as pieces


@pytest.mark.parametrize("shape", [(7,), (40, 50), (3, 1000), (2, 9, 300), (1, 1, 5000)])
def test_pieces_cover_an_array_once_and_hold_one_axis_whole(shape, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 400)
    for axis in range(len(shape)):
        seen = np.zeros(shape, int)
        for part in pieces.across(shape, axis):
            seen[part] += 1
            assert part[axis] == slice(0, shape[axis])
            assert seen[part].size <= max(400, shape[axis])
        assert (seen == 1).all()


def test_cuts_fit_a_piece_or_are_one_row():
    assert [*pieces.cuts(5, pieces.PIECE // 2)] == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert [*pieces.cuts(2, 10 * pieces.PIECE)] == [slice(0, 1), slice(1, 2)]


def test_many_parts_run_on_several_threads_with_the_options_of_the_caller():
    both, seen = threading.Barrier(2, timeout=60), []

    def work(part, scratch):
        if len(seen) < 2:
            seen.append(threading.get_ident())
            both.wait()
        assert settings.resolve()[:2] == (1, "strict")

    with convcore.options(threads=2, accuracy="strict"):
        pieces.each(work, [(slice(0, 1),)] * pieces.FEW)
        assert settings.resolve().threads == 2
    assert len(set(seen)) == 2


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_part_is_raised(threads):
    def work(part, scratch):
        raise ZeroDivisionError

    with convcore.options(threads=threads), pytest.raises(ZeroDivisionError):
        pieces.each(work, [(slice(0, 1),)] * pieces.FEW)


def test_scratch_is_used_again_and_grows():
    scratch, dtype = pieces.Scratch(), np.dtype("float32")
    first = scratch.array("a", (3, 4), dtype)
    assert first.shape == (3, 4)
    assert np.shares_memory(first, scratch.array("a", (2, 5), dtype))
    assert not np.shares_memory(first, scratch.array("b", (3, 4), dtype))
    assert not np.shares_memory(first, scratch.array("a", (30, 40), dtype))
    assert scratch.array("a", (1,), np.dtype("float64")).dtype == "float64"
