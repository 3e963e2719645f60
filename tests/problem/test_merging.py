"""A last axis of a single tap, taken over by the axis before it."""

from dataclasses import replace

import numpy as np
import pytest

import convcore
from convcore.problem import OPERATIONS, Geometry, merged

MERGED = Geometry(
    batch=2,
    in_channels=4,
    out_channels=6,
    groups=2,
    input_extents=(7, 8, 3),
    kernel_extents=(3, 2, 1),
    stride=(2, 1, 1),
    dilation=(1, 3, 5),
    padding=((1, 1), (-1, 4), (0, 0)),
)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_is_the_same_problem(operation):
    rng = np.random.default_rng(0)
    small, naive = merged(MERGED), convcore.get_backend("naive")
    assert small.spatial_rank == 2
    shapes = MERGED.operand_shapes(operation)
    operands = [rng.integers(-9, 10, shape).astype(float) for shape in shapes]
    shapes = small.operand_shapes(operation)
    flat = [array.reshape(shape) for array, shape in zip(operands, shapes, strict=True)]
    want = getattr(naive(MERGED, "float64"), operation)(*operands)
    got = getattr(naive(small, "float64"), operation)(*flat)
    np.testing.assert_array_equal(got, want.reshape(small.result_shape(operation)))


@pytest.mark.parametrize(
    "change",
    [
        {"kernel_extents": (3, 2, 2)},
        {"stride": (2, 2, 1)},
        {"stride": (2, 1, 2)},
        {"padding": ((1, 1), (1, 1), (0, 1))},
    ],
)
def test_what_is_another_problem_stays(change):
    problem = replace(MERGED, **{"dilation": (1, 1, 1)} | change)
    assert merged(problem) is problem


def test_a_single_axis_stays():
    problem = Geometry.of((1, 1, 5), (1, 1, 1))
    assert merged(problem) is problem
