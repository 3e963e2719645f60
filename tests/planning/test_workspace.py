"""Arrays in one piece of memory."""

import numpy as np
import pytest

from convcore.planning.workspace import MOST_KEPT, PIECES, Workspace, _kept, in_lines


def test_arrays_of_a_workspace_begin_with_a_line_and_share_nothing():
    space = Workspace(100, np.dtype("float32"))
    one, other = space.array((3, 5)), space.array((17,))
    assert space.used == in_lines(15) + in_lines(17) == 48
    assert not np.shares_memory(one, other)
    space.used = 0
    assert np.shares_memory(one, space.array((1,)))


def test_what_one_leaves_the_next_one_takes():
    with Workspace(1000, np.dtype("float32")) as space:
        first = space.array((1000,))
    with Workspace(400, np.dtype("float64")) as space:
        assert np.shares_memory(first, space.array((400,)))
        with Workspace(400, np.dtype("float64")) as other:
            assert not np.shares_memory(other.array((400,)), first)


def test_what_is_too_small_or_too_large_is_not_kept():
    with Workspace(MOST_KEPT + 1, np.dtype("uint8")) as space:
        large = space.array((MOST_KEPT,))
    with Workspace(8, np.dtype("uint8")) as space:
        small = space.array((8,))
        assert not np.shares_memory(small, large)
    with Workspace(MOST_KEPT, np.dtype("uint8")) as space:
        assert not np.shares_memory(space.array((MOST_KEPT,)), small)


def test_it_is_left_also_where_something_fails():
    space = Workspace(3000, np.dtype("float32"))
    first = space.array((3000,))
    with pytest.raises(ZeroDivisionError), space:
        raise ZeroDivisionError
    with Workspace(3000, np.dtype("float32")) as space:
        assert np.shares_memory(first, space.array((3000,)))


def test_few_pieces_are_kept():
    spaces = [Workspace(10, np.dtype("float32")) for _ in range(3 * PIECES)]
    for space in spaces:
        with space:
            pass
    assert len(_kept) == PIECES
