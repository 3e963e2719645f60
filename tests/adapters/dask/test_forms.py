"""Layouts and dtypes of lazy arrays: what the functions on whole arrays give."""

import numpy as np
import pytest

import convcore
from convcore.errors import DtypeError, ShapeError

da = pytest.importorskip("dask.array")
chunked = pytest.importorskip("convcore.adapters.dask")

LAYOUTS = [
    {"layout": "NHWC", "weight_layout": "HWIO"},
    {"layout": "CHW"},
    {"layout": "HW", "weight_layout": "HW"},
    {"layout": "...CHW", "out_layout": "...HWC"},
    {"layout": "...HW", "weight_layout": "HW"},
    {"layout": "HWN", "weight_layout": "HW", "out_layout": "NHW"},
]  # fmt: skip
EXTENTS = {"N": 3, "C": 4, "H": 9, "W": 7, "O": 5, "I": 4}


def shape_in(layout, default):
    layout = default if layout is None else layout
    lead = (2, 3) if layout.startswith("...") else ()
    return (*lead, *(EXTENTS[axis] for axis in layout.strip(".")))


def integers(shape, dtype="float64"):
    return np.random.default_rng(0).integers(-4, 5, shape).astype(dtype)


@pytest.mark.parametrize("layouts", LAYOUTS)
def test_layouts_are_those_of_the_functions_on_whole_arrays(layouts):
    weight_shape = list(shape_in(layouts.get("weight_layout"), "OIHW"))
    if layouts.get("weight_layout") != "HW":
        axes = layouts.get("weight_layout", "OIHW")
        weight_shape[axes.index("H")], weight_shape[axes.index("W")] = 3, 2
    else:
        weight_shape = [3, 2]
    x, w = integers(shape_in(layouts["layout"], "NCHW")), integers(weight_shape)
    y, pullback = convcore.conv_vjp(x, w, padding=1, **layouts)
    lazy, lazy_pullback = chunked.conv_vjp(da.from_array(x, chunks=3), w, padding=1, **layouts)
    assert lazy.shape == y.shape
    np.testing.assert_array_equal(lazy.compute(), y)
    g = integers(y.shape)
    for got, want in zip(lazy_pullback(da.from_array(g, chunks=2)), pullback(g), strict=True):
        if want is not None:
            assert got.shape == want.shape
            np.testing.assert_array_equal(got.compute(), want)


@pytest.mark.parametrize(
    "layouts", [{"layout": "NHWC", "weight_layout": "HWIO"}, {"layout": "CHW"}]
)
def test_transposed_convolutions_in_layouts(layouts):
    axes = layouts.get("weight_layout", "OIHW")
    x = integers(shape_in(layouts["layout"], ""))
    w = integers([{"O": 4, "I": 5, "H": 3, "W": 2}[axis] for axis in axes])
    bias = integers(5)
    options = layouts | {"stride": 2, "padding": "same"}
    lazy = chunked.conv_transpose(da.from_array(x, chunks=3), w, bias, chunks=4, **options)
    want = convcore.conv_transpose(x, w, bias, **options)
    assert max(max(axis) for axis in lazy.chunks) == 4
    np.testing.assert_array_equal(lazy.compute(), want)


@pytest.mark.parametrize("layout", ["HW", "...HW", "WH"])
def test_windows_that_tasks_read_themselves_may_have_a_layout(layout):
    x, w = integers((9, 7)), integers((3, 2))
    stored = chunked.Stored(x, chunks=4)
    options = {"layout": layout, "weight_layout": "HW", "padding": 1}
    np.testing.assert_array_equal(
        chunked.conv(stored, w, **options).compute(), convcore.conv(x, w, **options)
    )


def test_a_gradient_has_the_chunks_that_were_asked_for_in_any_layout():
    x = da.ones((2, 3, 12, 10, 4), chunks=(1, 2, 5, 4, 4))
    options = {"layout": "...HWC", "weight_layout": "HWIO"}
    y, pullback = chunked.conv_vjp(x, np.ones((3, 3, 4, 2)), **options)
    assert pullback.grad_input(y).chunks == x.chunks
    assert pullback.grad_weight(y).shape == (3, 3, 4, 2)


def test_the_bias_has_its_gradient_in_any_layout_and_wide_sums():
    x = da.ones((1, 300, 300, 1), chunks=(1, 100, 300, 1), dtype="float16")
    w, bias = np.ones((1, 1, 1, 1), "float16"), np.zeros(1, "float16")
    y, pullback = chunked.conv_vjp(x, w, bias, layout="NHWC")
    gradient = pullback.grad_bias(y * np.float16(0.125))
    assert gradient.dtype == "float16"
    assert gradient.compute() == 300 * 300 / 8


def test_operands_are_cast_as_numpy_would():
    x = da.from_array(np.arange(6, dtype="uint8").reshape(1, 1, 6), chunks=2)
    got = chunked.conv(x, np.array([[[1, -1]]], "int8"), dtype="int32")
    assert got.compute().tolist() == [[[-1] * 5]]
    with pytest.raises(DtypeError, match="weight: must have a dtype that casting='same_kind'"):
        chunked.conv(x, np.ones((1, 1, 2)), dtype="int32")


def test_several_leading_axes_are_not_read_by_tasks():
    stored = chunked.Stored(np.ones((2, 3, 9)), chunks=3)
    with pytest.raises(ShapeError, match="input: must have at most one leading axis"):
        chunked.conv(stored, np.ones(2), layout="...H", weight_layout="H")
