"""The factors of an outer product: exact where there are exact ones, else as near as can be."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcore.functional.outer_products import factors_of, relative_error

ROUNDING = 1e-15


def product(*factors):
    return reduce(np.multiply.outer, factors)


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["float64", "complex128"]),
)
def test_an_outer_product_is_taken_apart(extents, seed, dtype):
    rng = np.random.default_rng(seed)
    array = product(*(rng.standard_normal(n).astype(dtype) + 1j * 0 for n in extents))
    array = array * (1 + 2j) if dtype == "complex128" else array.real
    factors = factors_of(array, ROUNDING * (len(extents) + 1))
    assert [factor.shape for factor in factors] == [(n,) for n in extents]
    np.testing.assert_allclose(product(*factors), array, rtol=1e-13)


def test_zeros_and_symmetries_are_kept_to_the_last_bit():
    smooth = np.exp(-(np.arange(-3.0, 4.0) ** 2) / 3)
    slope = np.array([0.3, 0.1, 0.0, -0.1, -0.3])
    even, odd = factors_of(product(smooth / smooth.sum(), slope), ROUNDING)
    np.testing.assert_array_equal(even, even[::-1])
    np.testing.assert_array_equal(odd, -odd[::-1])
    assert odd[2] == 0


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_two_axes_give_the_best_there_is(dtype):
    rng = np.random.default_rng(1)
    array = rng.standard_normal((5, 7)).astype(dtype)
    if dtype == "complex128":
        array += 1j * rng.standard_normal((5, 7))
    values = np.linalg.svd(array, compute_uv=False)
    best = np.linalg.norm(values[1:]) / np.linalg.norm(values)
    assert relative_error(array, factors_of(array, ROUNDING)) == pytest.approx(best, rel=1e-12)


def test_three_axes_give_what_no_small_change_improves():
    """The gradient of the error with respect to every factor is zero there."""
    rng = np.random.default_rng(2)
    array = product(*map(rng.standard_normal, (3, 4, 5))) + 0.1 * rng.standard_normal((3, 4, 5))
    factors = factors_of(array, ROUNDING)
    left = array - product(*factors)
    for axis, others in enumerate(((1, 2), (0, 2), (0, 1))):
        directions = product(*(factors[other] for other in others))
        slope = np.tensordot(left, directions, (others, (0, 1)))
        size = np.linalg.norm(array) * np.linalg.norm(directions)
        assert np.linalg.norm(slope) <= 1e-3 * size, axis
    assert relative_error(array, factors) < 0.5


def test_directions_that_meet_nothing_leave_an_error_of_one():
    array = np.zeros((3, 3, 3))
    for even in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        array[even], array[even[::-1]] = 1, -1
    factors = factors_of(array, ROUNDING)
    assert all(np.isfinite(factor).all() for factor in factors)
    assert relative_error(array, factors) <= 1


def test_nothing_is_the_product_of_nothing():
    factors = factors_of(np.zeros((2, 3)), ROUNDING)
    assert relative_error(np.zeros((2, 3)), factors) == 0
    assert not product(*factors).any()
