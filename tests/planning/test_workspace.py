"""Arrays in one piece of memory."""

import numpy as np

from convcore.planning.workspace import Workspace, in_lines


def test_arrays_of_a_workspace_begin_with_a_line_and_share_nothing():
    space = Workspace(100, np.dtype("float32"))
    one, other = space.array((3, 5)), space.array((17,))
    assert space.used == in_lines(15) + in_lines(17) == 48
    assert not np.shares_memory(one, other)
    space.used = 0
    assert np.shares_memory(one, space.array((1,)))
