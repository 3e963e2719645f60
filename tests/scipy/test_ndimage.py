"""Whole filters against SciPy's, on images large enough to be ours."""

import numpy as np
import pytest
import scipy.ndimage as theirs

import convcore
from convcore.scipy import ndimage as ours

FILTERS = {
    "convolve1d": ([1.0, 2.0, 3.0],),
    "correlate1d": ([1.0, 2.0, 3.0],),
    "gaussian_filter": (2.0,),
    "gaussian_filter1d": (2.0,),
    "gaussian_gradient_magnitude": (1.5,),
    "gaussian_laplace": (1.5,),
    "generic_laplace": (theirs.correlate1d, "reflect"),
    "laplace": (),
    "prewitt": (),
    "sobel": (),
    "uniform_filter": (5,),
    "uniform_filter1d": (5,),
}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("name", [name for name in FILTERS if name != "generic_laplace"])
def test_filters_along_axes_have_scipys_bits(name, dtype):
    image = (np.random.default_rng(0).random((300, 320)) * 255).astype(dtype)
    for mode in ("reflect", "constant", "wrap"):
        want = getattr(theirs, name)(image, *FILTERS[name], mode=mode)
        got = getattr(ours, name)(image, *FILTERS[name], mode=mode)
        assert got.dtype == want.dtype
        if dtype[0] == "f" and name.startswith("uniform"):
            np.testing.assert_allclose(got, want, rtol=1e-13 if dtype == "float64" else 1e-6)
        else:
            np.testing.assert_array_equal(got, want)


def test_generic_filters_call_what_they_are_given():
    image = np.random.default_rng(1).random((300, 320))

    def second(input, axis, output, mode, cval, scale):
        return ours.correlate1d(input, [scale, -2 * scale, scale], axis, output, mode, cval)

    for name in ("generic_laplace", "generic_gradient_magnitude"):
        want = getattr(theirs, name)(image, second, extra_arguments=(3.0,))
        got = getattr(ours, name)(image, second, extra_arguments=(3.0,))
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex128"])
def test_windows(name, dtype):
    random = np.random.default_rng(2)
    image, weights = (random.random((120, 130)) * 255).astype(dtype), random.random((5, 4))
    for options in ({}, {"mode": "constant", "cval": 3.0}, {"origin": (1, -2), "mode": "wrap"}):
        want = getattr(theirs, name)(image, weights, **options)
        got = getattr(ours, name)(image, weights, **options)
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-6 if dtype == "float32" else 1e-13)


def test_native_precision_is_single_and_close():
    image = np.random.default_rng(3).random((300, 320)).astype("float32")
    want = theirs.gaussian_filter(image, 2)
    with convcore.options(precision="native"):
        got = ours.gaussian_filter(image, 2)
    assert (got != want).any()
    np.testing.assert_allclose(got, want, rtol=2e-6)


def test_errors_are_scipys():
    with pytest.raises(ValueError, match="Invalid origin"):
        ours.correlate(np.ones((5, 5)), np.ones((3, 3)), origin=2)
    with pytest.raises(RuntimeError, match="no filter weights given"):
        ours.correlate1d(np.ones(5), [])
    with pytest.raises(RuntimeError, match="boundary mode not supported"):
        ours.sobel(np.ones((5, 5)), mode="mirrored")


def test_other_names_are_scipys():
    assert ours.median_filter is theirs.median_filter
    with pytest.raises(AttributeError, match="no_filter"):
        ours.no_filter  # noqa: B018
