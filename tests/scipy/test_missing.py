"""Missing numbers against the sums that they have no part in."""

import numpy as np
import pytest

from convcore.errors import OptionError, ShapeError
from convcore.scipy import ndimage

W = np.array([[1.0, 2.0, 1.0], [2.0, 5.0, 2.0], [1.0, 3.0, 1.0]]) / 18


def image():
    array = np.random.default_rng(0).random((20, 30))
    array[3, 4] = array[10:14, 5:9] = np.nan
    return array


def by_hand(array, weights, nan):
    """Sum by sum, of an array that mirrors at its edges."""
    wide = np.pad(array, 1, "symmetric")
    result = np.empty_like(array)
    for at in np.ndindex(array.shape):
        window = wide[at[0] : at[0] + 3, at[1] : at[1] + 3]
        there = ~np.isnan(window)
        total = (window[there] * weights[there]).sum()
        with np.errstate(invalid="ignore"):
            share = np.float64(weights[there].sum() / weights.sum())
            result[at] = total if nan == "omit" else total / share
    return result


@pytest.mark.parametrize("nan", ["omit", "interpolate"])
def test_each_sum_is_of_what_is_there(nan):
    array = image()
    got = ndimage.correlate(array, W, nan=nan)
    np.testing.assert_allclose(got, by_hand(array, W, nan), rtol=1e-13)
    flipped = ndimage.convolve(array, W[::-1, ::-1], nan=nan)
    np.testing.assert_allclose(flipped, got, rtol=1e-13)
    assert np.isnan(got).sum() == (4 if nan == "interpolate" else 0)


@pytest.mark.parametrize("nan", ["propagate", "omit", "interpolate"])
def test_a_mask_is_like_nan_and_other_nan_is_as_it_says(nan):
    array, mask = image(), np.zeros((20, 30), bool)
    mask[3, 4] = True
    filled = np.where(mask, 1e9, array)
    got = ndimage.correlate(filled, W, nan=nan, mask=mask)
    if nan == "propagate":
        want = ndimage.correlate(np.where(mask, 0, array), W)
    else:
        want = ndimage.correlate(array, W, nan=nan)
    np.testing.assert_allclose(got, want, rtol=1e-13)


def test_nothing_missing_changes_nothing():
    array = np.random.default_rng(1).random((40, 40))
    for nan in ("omit", "interpolate"):
        np.testing.assert_array_equal(
            ndimage.convolve(array, W, nan=nan), ndimage.convolve(array, W)
        )


def test_a_constant_is_interpolated_as_itself_and_beyond_the_ends_there_are_numbers():
    array = np.full((9, 9), 7.0)
    array[4, 4] = np.nan
    got = ndimage.convolve(array, W, mode="constant", cval=7.0, nan="interpolate")
    np.testing.assert_allclose(got, 7.0, rtol=1e-14)


def test_nothing_beyond_the_ends():
    array, ones = np.full((9, 9), 7.0), np.ones((3, 3)) / 9
    options = {"mode": "constant", "cval": np.nan}
    got = ndimage.convolve(array, ones, nan="interpolate", **options)
    np.testing.assert_allclose(got, 7.0, rtol=1e-14)
    got = ndimage.convolve(array, ones, nan="omit", **options)
    np.testing.assert_allclose(got[0, :2], [7 * 4 / 9, 7 * 6 / 9], rtol=1e-14)
    assert np.isnan(ndimage.convolve(array, ones, **options)).sum() == 32


def test_dtypes_and_outputs():
    array, mask = np.full((9, 9), 7, "int16"), np.zeros((9, 9), bool)
    mask[:5, :5] = True
    assert ndimage.convolve(array, W, nan="interpolate", mask=mask).dtype == "float64"
    single = ndimage.convolve(array.astype("float32"), W, nan="interpolate", mask=mask)
    assert single.dtype == "float32"
    output = np.empty((9, 9), "float32")
    assert ndimage.convolve(array, W, output, nan="interpolate", mask=mask) is output
    np.testing.assert_array_equal(output, single)


@pytest.mark.parametrize(
    ("options", "error", "rule"),
    [
        ({"nan": "drop"}, OptionError, "nan: must be one of propagate, omit, interpolate"),
        ({"mask": np.zeros(3)}, ShapeError, r"mask: must have shape \(20, 30\); got \(3,\)"),
    ],
)
def test_what_makes_no_sense_is_refused(options, error, rule):
    with pytest.raises(error, match=rule):
        ndimage.convolve(image(), W, **options)


def test_weights_without_a_sum_cannot_be_shared_out():
    with pytest.raises(OptionError, match="nan: 'interpolate' needs weights with a sum; got 0"):
        ndimage.convolve(image(), [[1.0, -2.0, 1.0]], nan="interpolate")
