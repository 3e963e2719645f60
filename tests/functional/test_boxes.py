"""A box of an extended input, held to the extended input itself, and its adjoint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcore.functional.borders import Border
from convcore.functional.boxes import as_index
from convcore.functional.padding_modes import MODES
from convcore.planning import Operand
from convcore.problem import Geometry

pairs = st.tuples(st.integers(-2, 9), st.integers(-2, 9))
axes = st.tuples(st.integers(5, 7), pairs, st.sampled_from(MODES))


def border_of(given):
    extents, padding, modes = zip(*given, strict=True)
    shapes = (2, 1, *extents), (1, 1, *(1,) * len(extents))
    return Border(Geometry.of(*shapes, padding=padding), modes)


@given(st.lists(axes, min_size=1, max_size=3), st.integers(0, 99), st.data())
def test_a_box_is_that_part_of_the_whole_and_folds_back(given, seed, data):
    border, rng = border_of(given), np.random.default_rng(seed)
    x = rng.integers(-9, 9, (2, 1, *(extent for extent, *_ in given))).astype("float64")
    source = Operand(x, x.dtype)
    whole = border.extend(source, 2.5, slice(None), slice(None))
    for ranges in (*border.boxes(), [(0, extent) for extent in border.extended_extents]):
        box, place = border.box(ranges), (..., *(slice(*pair) for pair in ranges))
        np.testing.assert_array_equal(read := box.read(source, 2.5), whole[place])
        if box.constant:
            assert (read == 2.5).all()
        gradient = rng.integers(-9, 9, read.shape).astype("float64")
        out = rng.integers(-9, 9, x.shape).astype("float64")
        linear = box.read(source, 0)
        want = np.sum(out * x) + np.sum(gradient * linear)
        box.fold(gradient, out)
        assert np.sum(out * x) == want


@given(st.lists(axes, min_size=1, max_size=3))
def test_boxes_are_all_that_is_not_the_input_and_share_nothing(given):
    border = border_of(given)
    covered = np.zeros(border.extended_extents, int)
    for ranges in border.boxes():
        covered[tuple(slice(*pair) for pair in ranges)] += 1
    inner = tuple(
        slice(before, before + extent)
        for (before, _), extent in zip(border.halos, border.cropped_extents, strict=True)
    )
    covered[inner] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize(
    ("positions", "index"),
    [
        ([], slice(0, 0)),
        ([4], slice(4, 5, 1)),
        ([2, 3, 4], slice(2, 5, 1)),
        ([4, 2, 0], slice(4, None, -2)),
        ([3, 2], slice(3, 1, -1)),
    ],
)
def test_positions_in_equal_steps_are_a_slice(positions, index):
    assert as_index(np.array(positions, np.intp)) == index
    assert np.arange(9)[index].tolist() == positions


@pytest.mark.parametrize("positions", [[0, 0], [0, 1, 3]])
def test_other_positions_stay_as_they_are(positions):
    assert as_index(np.array(positions)).tolist() == positions
