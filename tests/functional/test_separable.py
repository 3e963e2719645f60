"""`separable`: what a chain of filters gives is what the whole kernel gives, or it is refused."""

import re
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convcore
from convcore.functional.padding_modes import MODES
from convcore.typing import SeparableKernel

WHOLE = (np.array([1.0, -2.0, 3.0]), np.array([2.0, 1.0]))


def product(*factors):
    return reduce(np.multiply.outer, factors)


def by_the_whole_kernel(image, factors, **options):
    kernel = product(*factors)
    return convcore.conv(
        image.reshape(1, 1, *image.shape), kernel[None, None], backend="naive", **options
    )[0, 0]


@st.composite
def filters(draw):
    """Options of a filter of images of 9 by 8."""
    modes = draw(st.sampled_from(MODES)), draw(st.sampled_from(MODES))
    padding = draw(st.sampled_from([0, 2, "same", "same_lower", "full", ((-2, 3), (1, -1))]))
    return {
        "padding": padding,
        "stride": (draw(st.integers(1, 2)), draw(st.integers(1, 2))),
        "dilation": (draw(st.integers(1, 2)), draw(st.integers(1, 3))),
        "padding_mode": modes,
        "padding_value": draw(st.integers(-3, 3)) if "constant" in modes else 0,
        "flip": draw(st.booleans()),
    }


@given(filters(), st.sampled_from(["float32", "float64", "complex64"]))
def test_a_chain_gives_what_the_kernel_gives(options, dtype):
    image = np.random.default_rng(0).integers(-9, 10, (9, 8)).astype(dtype)
    factors = tuple(factor.astype(dtype) for factor in WHOLE)
    got = SeparableKernel(factors, 0.0).conv(image, **options)
    want = by_the_whole_kernel(image, factors, **options)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


def test_other_axes_are_left_alone_wherever_they_stand():
    image = np.random.default_rng(0).integers(0, 9, (2, 9, 3, 8, 4)).astype("float64")
    got = SeparableKernel(WHOLE, 0.0).conv(image, axes=(1, -2), padding="same")
    assert got.shape == image.shape
    for place in np.ndindex(2, 3, 4):
        plane = image[place[0], :, place[1], :, place[2]]
        want = by_the_whole_kernel(plane, WHOLE, padding="same")
        np.testing.assert_array_equal(got[place[0], :, place[1], :, place[2]], want)


def test_axes_may_stand_in_another_order():
    image = np.random.default_rng(0).integers(0, 9, (8, 9)).astype("float64")
    got = SeparableKernel(WHOLE, 0.0).conv(image, axes=(1, 0))
    np.testing.assert_array_equal(got, by_the_whole_kernel(image.T, WHOLE).T)


def test_images_of_bytes_are_summed_in_what_is_asked_for():
    image = np.random.default_rng(0).integers(0, 256, (9, 8, 3), "uint8")
    blur = convcore.separable(np.outer([1, 2, 1], [1, 2, 1]))
    got = blur.conv(image, axes=(0, 1), dtype="float32", padding="same", padding_mode="reflect")
    assert got.dtype == "float32"
    wide = np.pad(image.astype(int), ((1, 1), (1, 1), (0, 0)), "reflect")
    rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    np.testing.assert_array_equal(got, rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:])


def test_the_derivative_of_a_constant_is_zero():
    """A constant of which no power of two is a part: each product is rounded."""
    slope = convcore.separable(np.outer([0.1, 0.7, 0.1], [-0.3, 0.0, 0.3]))
    assert not slope.conv(np.full((1, 40, 50), 0.1)).any()


@pytest.mark.parametrize("others", [(0, 2), (2, 0)])
def test_nothing_to_filter_gives_nothing(others):
    got = SeparableKernel(WHOLE, 0.0).conv(np.zeros((others[0], 9, 8, others[1])), axes=(1, 2))
    assert got.shape == (others[0], 7, 7, others[1])


def test_nothing_along_a_filtered_axis_is_what_lies_beyond_it():
    got = SeparableKernel(WHOLE, 0.0).conv(
        np.zeros((0, 4)), padding=3, padding_mode="constant", padding_value=2
    )
    np.testing.assert_array_equal(got, np.full((4, 9), 2.0 * 6))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_rounding_is_all_that_is_accepted_unasked(dtype):
    smooth = np.exp(-(np.arange(-4, 5) ** 2) / 5)
    kernel = product(smooth, smooth, smooth).astype(dtype)
    found = convcore.separable(kernel)
    assert found.error <= 4 * np.finfo(dtype).eps
    assert [factor.dtype for factor in found.factors] == [np.dtype(dtype)] * 3
    kernel[0, 0, 0] += kernel.max()
    with pytest.raises(convcore.OptionError, match="tolerance: must be at least"):
        convcore.separable(kernel)


def test_the_error_is_told_and_accepted():
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    values = np.linalg.svd(kernel, compute_uv=False)
    error = float(np.linalg.norm(values[1:]) / np.linalg.norm(values))
    told = (
        f"tolerance: must be at least {error:.3g}, the relative error of the nearest outer "
        f"product; got 0.1; use the kernel itself, or allow the error"
    )
    with pytest.raises(convcore.OptionError, match=f"^{re.escape(told)}$"):
        convcore.separable(kernel, tolerance=0.1)
    found = convcore.separable(kernel, tolerance=0.5)
    assert found.error == pytest.approx(error)
    left = kernel - product(*found.factors)
    assert np.linalg.norm(left) / np.linalg.norm(kernel) == pytest.approx(error)


@pytest.mark.parametrize(
    ("kernel", "error", "told"),
    [
        (np.array(3.0), convcore.GeometryError, "kernel: must have 1 to 16 axes"),
        (np.ones((3, 0)), convcore.GeometryError, "and taps; got shape (3, 0)"),
        (np.array([1.0, np.nan]), convcore.GeometryError, "kernel: must be finite; got NaN"),
        (np.array(["a"]), convcore.DtypeError, "kernel: must be float16"),
        ([1.0, 2.0], convcore.DtypeError, "kernel: must be a numpy.ndarray; got list"),
    ],
)
def test_what_is_no_kernel_is_refused(kernel, error, told):
    with pytest.raises(error, match=re.escape(told)):
        convcore.separable(kernel)


@pytest.mark.parametrize(
    ("image", "options", "error", "told"),
    [
        (np.ones(9), {}, convcore.ShapeError, "at least the 2 axes of the kernel; got shape (9,)"),
        (np.ones((9, 9)), {"axes": (0, 2)}, convcore.GeometryError, "axes: must be 2 different"),
        (np.ones((9, 9)), {"axes": (0, -2)}, convcore.GeometryError, "of 2; got (0, -2)"),
        (np.ones((9, 9)), {"axes": (1,)}, convcore.GeometryError, "axes: must be 2 different"),
        (np.ones((9, 9), "f"), {}, convcore.DtypeError, "kernel: must have the dtype of input"),
        (np.ones((9, 9)), {"dtype": "int32"}, convcore.DtypeError, "input: must have a dtype that"),
        (np.ones((2, 9)), {}, convcore.GeometryError, "receptive field"),
        (np.ones((9, 9)), {"padding_value": 1}, convcore.GeometryError, "padding_value: needs"),
        (np.ones((9, 9)), {"padding_mode": ("zeros",)}, convcore.GeometryError, "one mode for"),
    ],
)
def test_what_does_not_fit_is_refused(image, options, error, told):
    with pytest.raises(error, match=re.escape(told)):
        SeparableKernel(WHOLE, 0.0).conv(image, **options)
