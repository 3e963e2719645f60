"""Few positions: every edge of the register tiles, short rows, and terms as lanes."""

import numpy as np
import pytest
from built import ISAS
from native import integers, native_plan, run

from convcore.plugin import Geometry

LANES = {"avx512": 16, "avx512vl": 8, "avx2": 8, "baseline": 4, "wide": 16}
OURS = {"forward": "few_positions", "grad_input": "few_positions"}
DEFINITION = dict.fromkeys(OURS, "reference")


def check(geometry, isa, operations=(0, 1), threads=(1, 3), change=None):
    """Bit for bit what the definition gives, for any number of threads."""
    arrays = integers(geometry, "float32")
    if change:
        change(*arrays)
    wanted = native_plan(geometry, "float32", isa=isa, variants=DEFINITION)
    for count in threads:
        plan = native_plan(geometry, "float32", isa=isa, threads=count, variants=OURS)
        for operation in operations:
            assert "few positions" in plan.describe(operation)
            with np.errstate(invalid="ignore"):
                found = run(plan, geometry, operation, *arrays)
                expected = run(wanted, geometry, operation, *arrays)
            assert np.array_equal(found, expected, equal_nan=True), plan.describe(operation)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 17])
def test_every_number_of_target_channels_and_vectors(rows, isa):
    for width in (1, LANES[isa], LANES[isa] + 1, 3 * LANES[isa], 9 * LANES[isa] + 3):
        check(Geometry.of((1, 5, width), (rows, 5, 3), padding=1), isa)


@pytest.mark.parametrize("isa", ISAS)
def test_every_number_of_positions_that_leaves_some_behind_the_last_vector(isa):
    lanes = LANES[isa]
    for positions in range(1, 2 * lanes + 2):
        check(Geometry.of((1, 3 * lanes + 1, positions), (6, 3 * lanes + 1, 1)), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("more", range(5))
def test_terms_as_lanes_with_every_rest(more, isa):
    channels = 3 * LANES[isa] + more
    for batch, kernel, padding in ((1, 1, 0), (2, 1, 0), (1, 2, 1)):
        shape = (batch, channels, 1, 1)
        check(Geometry.of(shape, (5, channels, kernel, kernel), padding=padding), isa, (0,))


@pytest.mark.parametrize("isa", ISAS)
def test_one_position_with_few_terms(isa):
    for channels in range(LANES[isa] - 1, 3 * LANES[isa] + 1):
        check(Geometry.of((1, channels, 1), (9, channels, 1)), isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("stride", [1, 2, (2, 1), (1, 3)])
def test_short_rows_of_depthwise_layers(stride, isa):
    for width in (1, 2, LANES[isa] - 1, LANES[isa], LANES[isa] + 1):
        for batch, channels in ((1, 40), (3, 7)):
            geometry = Geometry.of(
                (batch, channels, 5, width),
                (channels, 1, 3, 3),
                stride=stride,
                padding=1,
                groups=channels,
            )
            check(geometry, isa)


@pytest.mark.parametrize("isa", ISAS)
def test_channels_that_are_summed_block_by_block(isa):
    check(Geometry.of((1, 600, 3, 3), (9, 600, 3, 3), padding=1), isa, threads=(1,))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_stays_away_from_the_padding(value, isa):
    def spoil(x, w, y):
        w.flat[1] = value

    for geometry in (
        Geometry.of((1, 4, 5, 6), (3, 4, 3, 3), padding=1),
        Geometry.of((1, 33, 5, 6), (33, 1, 3, 3), padding=1, groups=33),
        Geometry.of((1, 70, 1, 1), (3, 70, 3, 3), padding=1),
        Geometry.of((1, 70, 1, 1), (3, 70, 1, 1)),
    ):
        check(geometry, isa, change=spoil)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", [3, 20, 150])
def test_the_bits_of_groups_for_any_number_of_threads(channels, isa):
    """Whether a task has a group to itself, or a part of its target channels, changes no sum."""
    geometry = Geometry.of((1, 12 * channels, 6, 7), (12 * channels, channels, 3, 3), groups=12)
    rng = np.random.default_rng(0)
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    arrays = [rng.standard_normal(shape).astype("float32") for shape in shapes]
    results = []
    for threads in (1, 3, 8):
        plan = native_plan(geometry, "float32", isa=isa, threads=threads, variants=OURS)
        results.append([run(plan, geometry, operation, *arrays) for operation in (0, 1)])
    for other in results[1:]:
        assert all(map(np.array_equal, results[0], other))
    check(geometry, isa, threads=(1, 2, 3, 8))


@pytest.mark.parametrize("isa", ISAS)
def test_samples_of_depthwise_layers_that_are_too_many_together(isa):
    shape, weight = (6, 5, 4, 14, 14), (5, 1, 3, 3, 3)
    geometry = Geometry.of(shape, weight, stride=(1, 2, 2), padding=1, groups=5)
    plan = native_plan(geometry, "float32", isa=isa, variants=OURS)
    assert plan.describe(0).endswith("vectors of them for each sample")
    check(geometry, isa, (0,))
