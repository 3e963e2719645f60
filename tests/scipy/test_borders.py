"""Extended rows against numpy.pad, whose modes have other names."""

import numpy as np
import pytest

from convcore.scipy import _borders as borders

PADDED = {
    borders.NEAREST: "edge",
    borders.WRAP: "wrap",
    borders.REFLECT: "symmetric",
    borders.MIRROR: "reflect",
    borders.GRID_WRAP: "wrap",
}


@pytest.mark.parametrize(
    ("taps", "origin", "reach"), [(3, 0, (1, 1)), (4, 0, (2, 1)), (5, -2, (0, 4)), (1, 0, (0, 0))]
)
def test_a_window_reads_half_of_its_taps_on_either_side(taps, origin, reach):
    assert borders.reach_of(taps, origin) == reach


@pytest.mark.parametrize("mode", PADDED)
@pytest.mark.parametrize("extent", [1, 2, 5])
def test_positions_and_their_runs_are_those_of_a_padded_range(mode, extent):
    wide = np.pad(np.arange(extent), (9, 13), PADDED[mode])
    found = borders.positions(-9, extent + 13, extent, mode)
    np.testing.assert_array_equal(found, wide)
    read = np.empty_like(found)
    for there, here in borders.sources(-9, extent + 13, extent, mode):
        read[there] = np.arange(extent)[here]
    np.testing.assert_array_equal(read, wide)


@pytest.mark.parametrize("mode", [*PADDED, borders.CONSTANT, borders.GRID_CONSTANT])
@pytest.mark.parametrize("rows", [slice(0, 6), slice(2, 4), slice(5, 6)])
def test_some_rows_are_those_of_the_whole_array_extended(mode, rows):
    array = np.random.default_rng(0).integers(0, 200, (6, 3, 4)).astype("uint8")
    reach = ((2, 7), (0, 5), (3, 0))
    options = {"constant_values": 7} if mode not in PADDED else {}
    whole = np.pad(array, reach, PADDED.get(mode, "constant"), **options)
    found = np.empty(borders.extended_shape(array, rows, reach))
    borders.extend(array, rows, reach, mode, 7, found)
    np.testing.assert_array_equal(found, whole[rows.start : rows.stop + 9])
