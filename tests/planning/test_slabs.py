"""A problem cut into slabs, each of which any backend can be asked."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import geometries, operations

import convcore
from convcore.planning.slabs import largest_slab, slabs
from convcore.plugin import Refusal


class NeverCropping(convcore.get_backend("naive")):
    name = "never cropping"

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        crops = any(min(pair) < 0 for pair in geometry.padding)
        return Refusal("CROPS", f"{geometry.padding}") if crops else None


@pytest.mark.parametrize("extent", [1, 2])
@pytest.mark.parametrize("stride", [2, 3, 5])
@pytest.mark.parametrize("padding", [(0, 0), (3, 4), (7, 1)])
@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_slabs_of_float16_ask_for_nothing_that_the_problem_does_not(extent, stride, padding, rows):
    """Between receptive fields below the stride lie rows that no output reads."""
    geometry = convcore.Geometry.of(
        (1, 1, 16, 1), (1, 1, extent, 1), stride=(stride, 1), padding=(padding, (0, 0))
    )
    rng = np.random.default_rng(0)
    gradient = rng.integers(-4, 5, geometry.output_shape).astype("float16")
    weight = rng.integers(-4, 5, geometry.weight_shape).astype("float16")
    bytes_per_row = 4 * (16 + geometry.output_extents[0]) / 16
    with convcore.options(max_workspace=int(rows * bytes_per_row)):
        given, expected = (
            convcore.conv_grad_input(
                gradient.astype(dtype),
                weight.astype(dtype),
                geometry.input_shape,
                stride=geometry.stride,
                padding=geometry.padding,
                backend=NeverCropping,
            )
            for dtype in ("float16", "float64")
        )
    np.testing.assert_array_equal(given, expected)


PROBLEMS = [
    convcore.Geometry.of((5, 2, 9, 4), (3, 2, 3, 2), padding=1),
    convcore.Geometry.of((3, 2, 11, 3), (2, 2, 3, 1), stride=(2, 1), padding=((4, 3), (0, 0))),
    convcore.Geometry.of((1, 2, 13), (2, 1, 2), stride=3, dilation=2, groups=2),
    convcore.Geometry.of((2, 1, 7), (1, 1, 3), padding=((-2, 6),)),
]
SIZES = [1, 40, 100, 10**6]


@pytest.mark.parametrize("elements", SIZES)
@pytest.mark.parametrize("geometry", PROBLEMS)
@pytest.mark.parametrize("operation", ["forward", "grad_input"])
def test_slabs_put_together_are_the_whole(geometry, operation, elements):
    rng, naive = np.random.default_rng(0), convcore.get_backend("naive")
    first, weight = (
        rng.integers(-4, 5, shape).astype(float) for shape in geometry.operand_shapes(operation)
    )
    want = getattr(naive(geometry, "float64"), operation)(first, weight)
    got = np.full_like(want, np.nan)
    for slab in slabs(geometry, operation, elements):
        source, target = slab.input, slab.output
        if operation == "grad_input":
            source, target = target, source
        assert np.isnan(got[target]).all()
        part = getattr(naive(slab.geometry, "float64"), operation)
        got[target] = part(np.ascontiguousarray(first[source]), weight)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("elements", SIZES)
@pytest.mark.parametrize("geometry", PROBLEMS)
def test_the_gradient_of_the_weight_is_the_sum_over_slabs(geometry, elements):
    rng, naive = np.random.default_rng(0), convcore.get_backend("naive")
    gradient = rng.integers(-4, 5, geometry.output_shape).astype(float)
    input = rng.integers(-4, 5, geometry.input_shape).astype(float)
    total = np.zeros(geometry.weight_shape)
    for slab in slabs(geometry, "grad_weight", elements):
        pair = (np.ascontiguousarray(array) for array in (gradient[slab.output], input[slab.input]))
        total += naive(slab.geometry, "float64").grad_weight(*pair)
    np.testing.assert_array_equal(total, naive(geometry, "float64").grad_weight(gradient, input))


@pytest.mark.parametrize("operation", ["forward", "grad_input", "grad_weight"])
def test_a_slab_is_as_many_samples_as_fit(operation):
    geometry = PROBLEMS[0]
    sample = prod(geometry.input_shape[1:]) + prod(geometry.output_shape[1:])
    for samples in (1, 2, 5):
        found = [slab.geometry.batch for slab in slabs(geometry, operation, samples * sample)]
        assert found == {1: [1] * 5, 2: [2, 2, 1], 5: [5]}[samples]
    (whole,) = slabs(geometry, operation, 10**9)
    assert whole.geometry == geometry


def test_nothing_has_no_slabs():
    assert list(slabs(convcore.Geometry.of((0, 1, 5), (1, 1, 3)), "forward", 100)) == []


@given(geometries(smallest_batch=1), operations, st.integers(1, 400))
def test_no_slab_exceeds_the_largest(geometry, operation, elements):
    assume(not geometry.degenerate)
    largest = largest_slab(geometry, operation, elements)
    for slab in slabs(geometry, operation, elements):
        for role, limit in largest.items():
            shape = slab.geometry.shape_of(role)
            assert all(extent <= most for extent, most in zip(shape, limit, strict=True))
