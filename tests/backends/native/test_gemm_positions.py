"""Products with positions as lanes: every share of vectors, and weights that are read in place."""

import numpy as np
import pytest
from built import ISAS
from native import integers, native_plan, run

from convcore.plugin import Geometry

LANES = {"avx512": 16, "avx512vl": 8, "avx2": 8, "baseline": 4, "wide": 16}
OURS = {"forward": "gemm_positions", "grad_input": "gemm_positions"}
DEFINITION = dict.fromkeys(OURS, "reference")


def check(geometry, isa, operations=(0, 1), change=None):
    """Bit for bit what the definition gives, for any number of threads."""
    arrays = integers(geometry, "float32")
    if change:
        change(*arrays)
    wanted = native_plan(geometry, "float32", isa=isa, variants=DEFINITION)
    for threads in (1, 3):
        plan = native_plan(geometry, "float32", isa=isa, threads=threads, variants=OURS)
        for operation in operations:
            assert "positions as lanes" in plan.describe(operation)
            with np.errstate(invalid="ignore"):
                found = run(plan, geometry, operation, *arrays)
                expected = run(wanted, geometry, operation, *arrays)
            assert np.array_equal(found, expected, equal_nan=True), plan.describe(operation)


@pytest.mark.parametrize("isa", ISAS)
def test_every_number_of_positions_up_to_some_tiles(isa):
    for positions in range(1, 8 * LANES[isa] + 2):
        check(Geometry.of((1, 9, positions), (10, 9, 1)), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", range(8, 18))
def test_weights_in_place_for_every_number_of_target_channels(channels, isa):
    check(Geometry.of((2, 150, 5, 7), (channels, 150, 1, 1)), isa)
    check(Geometry.of((1, 3 * channels, 5, 7), (3 * channels, channels, 1, 1), groups=3), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("tiles", [19, 20, 21])
def test_weights_in_place_and_packed_on_both_sides_of_the_bound(tiles, isa):
    for positions in (3 * LANES[isa] * tiles - 1, 3 * LANES[isa] * tiles):
        check(Geometry.of((1, 9, positions), (8, 9, 1)), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("stride", [2, (2, 1), (1, 3)])
def test_weights_in_place_of_strided_layers(stride, isa):
    check(Geometry.of((1, 16, 12, 2 * LANES[isa]), (24, 8, 1, 1), stride=stride, groups=2), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("padding", [0, 1])
def test_weights_that_are_not_finite(padding, isa):
    def spoil(_source, weight, _target):
        weight[3, 2] = np.inf
        weight[5, 4] = np.nan

    check(Geometry.of((1, 9, 6, 7), (10, 9, 1, 1), padding=padding), isa, change=spoil)


def test_columns_that_many_tasks_read_are_packed_once():
    geometry = Geometry.of((1, 300, 14, 14), (40, 300, 1, 1))
    for threads, once in [(1, False), (2, True)]:
        plan = native_plan(geometry, "float32", threads=threads, variants=OURS)
        assert ("columns packed once" in plan.describe(0)) is once
    phases = Geometry.of((1, 40, 28, 28), (300, 40, 2, 2), stride=2)
    plan = native_plan(phases, "float32", threads=2, variants=OURS)
    assert "columns packed once" not in plan.describe(1)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", [255, 257, 520, 769])
def test_columns_that_are_packed_once_in_several_depths(channels, isa):
    check(Geometry.of((1, channels, 5, 2 * LANES[isa] + 1), (33, channels, 1, 1)), isa)
    check(Geometry.of((3, 2 * channels, 3, 5), (24, channels, 1, 1), groups=2), isa)
    check(Geometry.of((2, channels, 9, 11), (18, channels, 1, 1), stride=2), isa)


def test_no_packing_is_expected_of_a_weight_in_place():
    def seconds_each(tiles):
        geometry = Geometry.of((1, 512, 3 * LANES[ISAS[0]] * tiles), (512, 512, 1))
        plan = native_plan(geometry, "float32", isa=ISAS[0], variants=OURS)
        return plan.seconds(0) / tiles

    assert seconds_each(20) < seconds_each(21)


@pytest.mark.parametrize("isa", ISAS)
def test_a_transposed_weight_whose_terms_are_pages_apart(isa):
    check(Geometry.of((1, 1024, 5, 7), (30, 1024, 1, 1)), isa)


@pytest.mark.parametrize("isa", ISAS)
def test_lanes_behind_the_last_position_may_read_anything(isa):
    def spoil(source, _weight, target):
        source[:, 1:, 0, 0] = np.nan
        target[:, 1:, 0, 0] = np.inf

    for positions in (4 * LANES[isa] - 1, 7 * LANES[isa] + 1):
        check(Geometry.of((2, 20, 1, positions), (20, 20, 1, 1)), isa, change=spoil)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", [64, 128, 145, 290])
def test_weights_of_taps_that_are_left_out_one_by_one(channels, isa):
    """Blocks of source channels are equal, or the last one is smaller and its taps are cut."""
    for targets in (8, 10):
        geometry = Geometry.of((1, channels, 4, 5), (targets, channels, 3, 3), padding=1)
        check(geometry, isa)
    check(Geometry.of((1, channels, 4, 5), (8, channels, 3, 1), padding=(1, 0)), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", [9, 17, 35])
def test_weights_of_taps_that_stand_side_by_side(channels, isa):
    check(Geometry.of((1, channels, 6, 5), (10, channels, 3, 3), padding=1), isa)
    check(Geometry.of((1, channels, 20, 19), (10, channels, 13, 13)), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("stride", [1, 2])
def test_vectors_of_columns_from_several_rows(stride, isa):
    """Rows of every length: whole vectors, pieces of two rows, of more, and padding alone."""
    for width in range(1, 3 * LANES[isa] + 2):
        geometry = Geometry.of((1, 9, 4, stride * width), (10, 9, 3, 3), stride=stride, padding=2)
        check(geometry, isa)
