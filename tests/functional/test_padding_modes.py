"""Padding values that a dtype cannot hold, and gradients that overflow in the fold."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest

import convcore


def padded(dtype, value):
    """The result of a convolution with one tap: the input with the value on both sides."""
    ones = np.ones((1, 1, 1), dtype)
    return convcore.conv(ones, ones, padding=1, padding_mode="constant", padding_value=value)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("int32", 1 + 0j),
        ("int32", np.datetime64("2020")),
        ("int32", np.timedelta64(1, "s")),
        ("int64", np.float64(2**63)),
        ("uint64", np.float64(2**64)),
        ("int8", float("nan")),
        ("int8", float("inf")),
        ("int8", 10**400),
        ("float16", 1e6),
        ("float16", 10**30),
        ("float32", 1e300),
        ("float32", 0j),
        ("float32", np.complex64(1)),
        ("float64", 10**400),
        ("float64", "1"),
        ("complex64", 1e300j),
    ],
)
def test_a_value_that_does_not_fit_is_one_sentence(dtype, value):
    with pytest.raises(convcore.DtypeError) as caught:
        padded(dtype, value)
    rule = f"padding_value: must be a number that {dtype} can hold; got {value!r}"
    assert str(caught.value) == rule


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("int8", -128),
        ("int32", 2.0),
        ("int32", True),
        ("int64", -(2**63)),
        ("int64", np.float64(2**62)),
        ("uint64", 2**64 - 1),
        ("uint64", np.uint64(2**64 - 1)),
        ("float16", 65504),
        ("float32", Fraction(1, 2)),
        ("float32", np.float64(1 / 3)),
        ("float16", float("inf")),
        ("float32", float("-inf")),
        ("float64", float("nan")),
        ("complex64", 2 - 1j),
        ("complex64", 3),
    ],
)
def test_a_value_that_fits_is_rounded_once(dtype, value):
    expected = np.ones(3, dtype)
    expected[0] = expected[2] = value
    np.testing.assert_array_equal(padded(dtype, value)[0, 0], expected)


@pytest.mark.parametrize("mode", ["replicate", "symmetric", "circular", "constant"])
@pytest.mark.parametrize(("dtype", "large"), [("float16", 6e4), ("float32", 3e38)])
def test_a_gradient_that_overflows_is_infinite_without_a_warning(mode, dtype, large):
    gradient, weight = np.full((1, 1, 4), large, dtype), np.ones((1, 1, 3), dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = convcore.conv_grad_input(
            gradient, weight, (1, 1, 4), padding=1, padding_mode=mode, backend="naive"
        )
    assert np.isinf(found).all()
