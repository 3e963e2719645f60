"""The recipe for xarray: lazy, and coordinates are kept."""

import numpy as np
import pytest

import convcore

da = pytest.importorskip("dask.array")
xarray = pytest.importorskip("xarray")
chunked = pytest.importorskip("convcore.adapters.dask")

KERNEL = np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16


def smoothed(image):
    """The recipe, as docs/dask.md has it."""
    options = {"layout": "...YX", "weight_layout": "YX", "padding": "same"}
    options["padding_mode"] = ("replicate", "circular")
    return xarray.apply_ufunc(
        lambda array: chunked.conv(array, KERNEL, **options),
        image,
        input_core_dims=[["lat", "lon"]],
        output_core_dims=[["lat", "lon"]],
        dask="allowed",
        keep_attrs=True,
    )


def test_the_sphere_of_a_year_is_smoothed_lazily_with_its_coordinates():
    values = np.random.default_rng(0).standard_normal((6, 18, 36))
    image = xarray.DataArray(
        da.from_array(values, chunks=(2, 9, 12)),
        dims=("time", "lat", "lon"),
        coords={
            "time": np.arange(6),
            "lat": np.linspace(-85, 85, 18),
            "lon": np.arange(0, 360, 10),
        },
        attrs={"units": "K"},
    )
    result = smoothed(image)
    assert isinstance(result.data, da.Array)
    assert result.dims == image.dims
    assert result.attrs == image.attrs
    for name in image.coords:
        xarray.testing.assert_equal(result[name], image[name])
    want = convcore.conv(
        values,
        KERNEL,
        layout="...YX",
        weight_layout="YX",
        padding="same",
        padding_mode=("replicate", "circular"),
    )
    np.testing.assert_allclose(result.values, want, rtol=1e-13)
