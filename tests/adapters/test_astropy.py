"""Astropy's convolution inside and outside `patched`."""

import numpy as np
import pytest

pytest.importorskip("astropy")
from astropy.convolution import Gaussian2DKernel, convolve

from convcore.adapters import astropy as door
from convcore.scipy import ndimage


def image():
    array = np.random.default_rng(0).random((60, 70))
    array[20, 30] = array[40:43, 5:9] = np.nan
    return array


@pytest.mark.parametrize("boundary", [None, "fill", "extend", "wrap"])
@pytest.mark.parametrize("nan", ["interpolate", "fill"])
def test_results_are_astropys(boundary, nan):
    kernel = Gaussian2DKernel(1.5)
    want = convolve(image(), kernel, boundary=boundary, nan_treatment=nan)
    with door.patched():
        got = convolve(image(), kernel, boundary=boundary, nan_treatment=nan)
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize(("boundary", "mode"), [("fill", "constant"), ("extend", "nearest")])
def test_missing_data_are_treated_alike_in_ndimage(boundary, mode):
    kernel = Gaussian2DKernel(1.5)
    want = convolve(image(), kernel, boundary=boundary)
    got = ndimage.convolve(image(), kernel.array, mode=mode, nan="interpolate") / kernel.array.sum()
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_it_is_ours_inside_only():
    module, own = door._module, door._own
    with door.patched():
        with door.patched():
            assert module._convolveNd_c is door.convolve_nd
        assert module._convolveNd_c is door.convolve_nd
    assert module._convolveNd_c is own


def test_another_version_is_left_alone(monkeypatch):
    monkeypatch.setattr(door.astropy, "__version__", "3.0")
    with (
        pytest.warns(RuntimeWarning, match="tested with Astropy 8; got 3.0; its own loop runs"),
        door.patched(),
    ):
        assert door._module._convolveNd_c is door._own
