"""Padding values that a dtype cannot hold, and gradients that overflow in the fold."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest
from draws import EXTENTS, MODES, operands

import convcore
from convcore.functional.padding_modes import NUMPY_MODES


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


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "zeros"])
@pytest.mark.parametrize("padding", [2, ((1, 3), (4, 0)), ((-1, 7), (9, -2)), "same", "full"])
def test_modes_mean_what_numpy_pad_means(rng, mode, padding):
    input, weight = operands(rng, 2)
    options = {"stride": 2, "groups": 2}
    pairs = convcore.Geometry.of(input.shape, weight.shape, padding=padding, **options).padding
    value = 3.5 if mode == "constant" else 0
    kept = [slice(max(0, -b), n - max(0, -a)) for n, (b, a) in zip(EXTENTS, pairs, strict=False)]
    halos = [(0, 0), (0, 0), *((max(0, b), max(0, a)) for b, a in pairs)]
    extra = {"constant_values": value} if mode == "constant" else {}
    extended = np.pad(input[:, :, kept[0], kept[1]], halos, NUMPY_MODES[mode], **extra)
    given = convcore.conv(
        input, weight, padding=padding, padding_mode=mode, padding_value=value, **options
    )
    np.testing.assert_allclose(given, convcore.conv(extended, weight, **options), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "int8", "complex64"])
def test_constant_padding_is_not_part_of_the_input(dtype):
    input, weight = np.ones((1, 1, 2), dtype), np.ones((1, 1, 2), dtype)
    options = {"padding": 1, "padding_mode": "constant"}
    assert convcore.conv(input, weight, padding_value=5, **options).tolist() == [[[6, 2, 6]]]
    gradient = np.ones((1, 1, 3), dtype)
    assert convcore.conv_grad_input(gradient, weight, input.shape, **options).tolist() == [[[2, 2]]]
    by_weight = convcore.conv_grad_weight(gradient, input, weight.shape, padding_value=5, **options)
    assert by_weight.tolist() == [[[7, 7]]]
