"""Winograd and tilefft tell whether their results are finite; direct has no need to."""

import numpy as np
import pytest
from built import bridge
from native import native_plan

from convcore.plugin import OPERATIONS, Geometry

ISAS = bridge.available_isas()
# Few and many tiles, lanes without a channel, one column behind whole vectors, dilation, three
# axes; lines, planes, strides, groups, and tiles that hold more than halo and less.
WINOGRAD = [
    Geometry.of((2, 3, 33, 30), (5, 3, 3, 5), padding=((1, 2), (2, 0))),
    Geometry.of((1, 9, 9, 8), (17, 9, 3, 3), padding=1),
    Geometry.of((3, 20, 40, 41), (40, 20, 3, 3)),
    Geometry.of((2, 5, 70), (9, 5, 3), padding=2, dilation=2),
    Geometry.of((2, 3, 6, 5, 7), (5, 3, 3, 1, 5), padding=1),
]
TILEFFT = [
    Geometry.of((2, 3, 60, 50), (4, 3, 9, 7), padding=2),
    Geometry.of((1, 1, 300, 70), (1, 1, 25, 25)),
    Geometry.of((2, 4, 61, 40), (6, 2, 11, 7), groups=2, stride=(2, 3), dilation=(1, 2), padding=3),
    Geometry.of((2, 3, 400), (4, 3, 33)),
    Geometry.of((1, 2, 900), (3, 2, 40), stride=2, dilation=3, padding=5),
]
CASES = [
    *[("winograd", "float32", geometry) for geometry in WINOGRAD],
    *[("tilefft", dtype, geometry) for geometry in TILEFFT for dtype in ("float32", "float64")],
]
each_case = pytest.mark.parametrize(("algorithm", "dtype", "geometry"), CASES, ids=str)
each_isa = pytest.mark.parametrize("isa", ISAS)


def draw(geometry, operation, dtype):
    rng = np.random.default_rng(0)
    shapes = geometry.operand_shapes(operation)
    return [rng.uniform(-1, 1, shape).astype(dtype) for shape in shapes]


def told_and_true(plan, geometry, number, first, second):
    """What a run returned, and whether its result, over memory that held NaN, is finite."""
    dtype = first.dtype
    result = np.full(geometry.result_shape(OPERATIONS[number]), np.nan, dtype)
    told = plan.run(number, first, second, result)
    return told, bool(np.isfinite(result).all())


def places(array):
    """The first and the last element, corners of the last image, and some between."""
    corners = np.ravel_multi_index([(0, n - 1) for n in array.shape], array.shape)
    last = array.size - array.shape[-1]
    return {*corners.tolist(), last, *range(7, array.size, array.size // 5 + 1)}


@each_isa
@each_case
@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_value_does_to_the_result(algorithm, dtype, geometry, isa, threads):
    plan = native_plan(geometry, dtype, isa=isa, threads=threads, algorithm=algorithm)
    for number, operation in enumerate(OPERATIONS):
        pair = draw(geometry, operation, dtype)
        assert told_and_true(plan, geometry, number, *pair) == (True, True)
        for operand in pair:
            for place in places(operand):
                for value in (np.nan, -np.inf):
                    kept, operand.flat[place] = operand.flat[place], value
                    told, true = told_and_true(plan, geometry, number, *pair)
                    operand.flat[place] = kept
                    assert told is true, f"{operation}: {value} at {place}"


@each_isa
@each_case
def test_what_overflows_on_the_way(algorithm, dtype, geometry, isa):
    """As an operand grows, first nothing overflows, then some results, then all."""
    plan = native_plan(geometry, dtype, isa=isa, algorithm=algorithm)
    for number, operation in enumerate(OPERATIONS):
        first, second = draw(geometry, operation, dtype)
        seen = set()
        for power in range(-30, 1):
            scaled = np.ldexp(first, power) * np.finfo(dtype).max
            told, true = told_and_true(plan, geometry, number, scaled, second)
            assert told is true, f"{operation}: {power}"
            seen.add(told)
        assert seen == {True, False}


@each_isa
@pytest.mark.parametrize(
    ("algorithm", "geometry"), [("winograd", WINOGRAD[2]), ("tilefft", TILEFFT[0])]
)
def test_one_result_alone(algorithm, geometry, isa):
    """Of an operand of zeros but for one place, the overflow is where that place is read."""
    plan = native_plan(geometry, "float32", isa=isa, algorithm=algorithm)
    first, second = (np.zeros(shape, "float32") for shape in geometry.operand_shapes("forward"))
    second.flat[0] = 8
    for place in places(first):
        first[...] = 0
        first.flat[place] = 3e38
        told, true = told_and_true(plan, geometry, 0, first, second)
        assert told is true


@each_isa
@each_case
@pytest.mark.parametrize("number", [0, 1])
def test_prepared_weights(algorithm, dtype, geometry, isa, number):
    plan = native_plan(geometry, dtype, isa=isa, algorithm=algorithm)
    first, weight = draw(geometry, OPERATIONS[number], dtype)
    for value in (0.5, np.inf):
        weight.flat[weight.size // 2] = value
        prepared = plan.prepare(number, weight)
        assert prepared is not None
        told, true = told_and_true(plan, geometry, number, first, prepared)
        assert told is true is bool(np.isfinite(value))
    weight[...] = 1
    first.flat[first.size // 2] = np.nan
    prepared = plan.prepare(number, weight)
    told, true = told_and_true(plan, geometry, number, first, prepared)
    assert told is true


@pytest.mark.parametrize("geometry", [WINOGRAD[0], TILEFFT[2]], ids=str)
def test_direct_does_not_look(geometry):
    plan = native_plan(geometry, "float32")
    for number, operation in enumerate(OPERATIONS):
        pair = draw(geometry, operation, "float32")
        assert told_and_true(plan, geometry, number, *pair) == (None, True)
