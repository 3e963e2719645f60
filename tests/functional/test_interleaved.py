"""Colours that are interleaved are convolved where they lie."""

from __future__ import annotations

import numpy as np
import pytest
from draws import draw
from fakes import looking_backend
from hypothesis import given
from hypothesis import strategies as st

import convcore
from convcore.functional.padding_modes import MODES

LAYOUTS = {"layout": "HWN", "weight_layout": "HW"}


@st.composite
def filters(draw):
    """Options of a filter of images of 9 by 8."""
    padding = draw(st.sampled_from([0, 2, "same", "full", ((-2, 3), (1, -1))]))
    return {
        "padding": padding,
        "stride": (draw(st.integers(1, 2)), draw(st.integers(1, 2))),
        "dilation": (draw(st.integers(1, 2)), draw(st.integers(1, 3))),
        "padding_mode": (draw(st.sampled_from(MODES)), draw(st.sampled_from(MODES))),
        "flip": draw(st.booleans()),
    }


@given(filters(), st.integers(2, 4), st.sampled_from(["float64", "int32", "complex128"]))
def test_the_results_are_those_of_planes(options, colours, dtype):
    rng = np.random.default_rng(0)
    image, kernel, bias = (
        rng.integers(-9, 10, shape).astype(dtype) for shape in ((9, 8, colours), (3, 2), (1,))
    )
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[:, None])
    want, pull = convcore.conv_vjp(planes, kernel[None, None], bias, **options, backend="naive")
    got, pull_own = convcore.conv_vjp(image, kernel, bias, **options, **LAYOUTS, backend="naive")
    np.testing.assert_array_equal(got, want[:, 0].transpose(1, 2, 0))
    gradient = rng.integers(-9, 10, got.shape).astype(dtype)
    found = pull_own(gradient)
    plain = pull(np.ascontiguousarray(gradient.transpose(2, 0, 1)[:, None]))
    np.testing.assert_array_equal(found[0], plain[0][:, 0].transpose(1, 2, 0))
    np.testing.assert_array_equal(found[1], plain[1][0, 0])
    np.testing.assert_array_equal(found[2], plain[2])


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_neither_the_image_nor_the_result_is_copied(rng, dtype):
    backend, seen = looking_backend()
    image = rng.integers(0, 9, (9, 8, 3)).astype(dtype)
    kernel = rng.integers(0, 9, (3, 3)).astype(dtype)
    result = convcore.conv(image, kernel, **LAYOUTS, padding="same", backend=backend)
    ((input, _, output),) = seen
    assert np.shares_memory(input, image)
    assert np.shares_memory(output, result)
    assert input.shape == (1, 1, 9, 24)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"stride": (1, 2)}, (3, 1, 9, 8)),
        ({"out_layout": "NHW"}, (3, 1, 9, 8)),
        ({}, (1, 1, 9, 24)),
    ],
)
def test_where_it_does_not_pay_planes_are_copied(rng, options, shape):
    backend, seen = looking_backend()
    image, kernel = draw(rng, (9, 8, 3)), draw(rng, (3, 3))
    convcore.conv(image, kernel, **LAYOUTS | options, backend=backend)
    assert seen[0][0].shape == shape


def test_each_sample_has_bits_of_its_own_where_that_is_asked_for(rng):
    image, kernel = draw(rng, (40, 30, 5), "float32"), draw(rng, (5, 5), "float32")
    with convcore.options(deterministic="batch"):
        together = convcore.conv(image, kernel, **LAYOUTS)
        for n in range(5):
            alone = convcore.conv(image[..., n : n + 1], kernel, **LAYOUTS)
            np.testing.assert_array_equal(together[..., n : n + 1], alone)
