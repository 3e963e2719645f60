"""`dtype=`: what is summed in and returned, from operands of any dtype that casts to it."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from draws import draw

import convcore
from convcore.contract import BACKEND_DTYPES, FLOAT16

TAKEN = sorted(BACKEND_DTYPES | {FLOAT16}, key=str)
OPTIONS = {"stride": 2, "padding": 1, "groups": 2}


def drawn(rng, shape, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        return rng.integers(0 if dtype.kind == "u" else -100, 101, shape).astype(dtype)
    return draw(rng, shape, dtype)


def same_kind(dtype):
    return [found for found in TAKEN if np.can_cast(found, dtype, "same_kind")]


@pytest.mark.parametrize("dtype", TAKEN, ids=str)
def test_every_operand_that_casts_is_taken_as_numpy_would_convert_it(rng, dtype):
    w, b = drawn(rng, (6, 2, 3, 3), dtype), drawn(rng, (6,), dtype)
    for given in same_kind(dtype):
        x = drawn(rng, (2, 4, 9, 8), given)
        want, pull = convcore.conv_vjp(x.astype(dtype), w, b, **OPTIONS)
        got, pull_mixed = convcore.conv_vjp(x, w, b, **OPTIONS, dtype=dtype)
        np.testing.assert_array_equal(got, want)
        gradient = drawn(rng, want.shape, given)
        found = pull_mixed(gradient)
        for mine, plain in zip(found, pull(gradient.astype(dtype)), strict=True):
            np.testing.assert_array_equal(mine, plain)
            assert mine.dtype == plain.dtype == dtype


@pytest.mark.parametrize("dtype", TAKEN, ids=str)
def test_so_does_the_transposed_convolution(rng, dtype):
    x, b = drawn(rng, (2, 6, 5, 4), dtype), drawn(rng, (4,), dtype)
    for given in same_kind(dtype):
        w = drawn(rng, (6, 2, 3, 3), given)
        want = convcore.conv_transpose(x, w.astype(dtype), b, **OPTIONS)
        got = convcore.conv_transpose(x, w, b, **OPTIONS, dtype=dtype)
        np.testing.assert_array_equal(got, want)
        assert got.dtype == dtype


@pytest.mark.parametrize("mode", ["constant", "reflect", ("circular", "constant")])
@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        ("uint8", "int32"),
        ("uint8", "float32"),
        ("float32", "complex64"),
        ("uint16", "float16"),
        ("float32", "float16"),
        ("float64", "float32"),
    ],
)
def test_the_border_is_filled_in_the_dtype_that_is_summed_in(rng, mode, given, dtype):
    x, w = drawn(rng, (2, 4, 9, 8), given), drawn(rng, (6, 2, 3, 3), dtype)
    value = {"int32": -1000, "complex64": 2 - 1j}.get(dtype, 0.3) if "constant" in mode else 0
    options = OPTIONS | {"padding": 3, "padding_mode": mode, "padding_value": value}
    want, pull = convcore.conv_vjp(x.astype(dtype), w, **options)
    got, pull_mixed = convcore.conv_vjp(x, w, **options, dtype=dtype)
    np.testing.assert_array_equal(got, want)
    gradient = drawn(rng, want.shape, dtype)
    for mine, plain in zip(pull_mixed(gradient)[:2], pull(gradient)[:2], strict=True):
        np.testing.assert_array_equal(mine, plain)


@pytest.mark.parametrize(
    ("given", "dtype"),
    [("float32", "int32"), ("complex64", "float32"), ("int8", "uint8"), ("float16", "int64")],
)
def test_a_cast_that_numpy_refuses_is_refused(given, dtype):
    x, w = np.ones((1, 1, 5), given), np.ones((1, 1, 3), dtype)
    message = (
        f"input: must have a dtype that casting='same_kind' takes to dtype={dtype}; got {given}; "
        f"convert it first, as in input.astype('{dtype}')"
    )
    with pytest.raises(convcore.DtypeError) as caught:
        convcore.conv(x, w, dtype=dtype)
    assert str(caught.value) == message
    with pytest.raises(convcore.DtypeError, match=r"^bias: must have a dtype that casting="):
        convcore.conv(w, w, x[0, 0, :1], dtype=dtype)


@pytest.mark.parametrize("bad", ["bool", "longdouble", "object", "noise"])
def test_a_dtype_that_is_not_listed_is_refused(bad):
    x, w = np.ones((1, 1, 5)), np.ones((1, 1, 3))
    with pytest.raises(convcore.DtypeError, match=r"^dtype: must (be one of|name a NumPy dtype)"):
        convcore.conv(x, w, dtype=bad)
    with pytest.raises(convcore.DtypeError, match=r"^input: must be float16, .*; got dtype bool"):
        convcore.conv(x.astype(bool), w, dtype="float32")
    with pytest.raises(convcore.DtypeError, match=r"^weight: must be a numpy.ndarray; got list"):
        convcore.conv(x, w.tolist(), dtype="float32")


def test_mixed_operands_are_an_error_that_names_dtype():
    x, w, b = np.ones((1, 1, 5), "uint8"), np.ones((1, 1, 3), "float32"), np.ones(1)
    for call in (
        lambda: convcore.conv(x, w),
        lambda: convcore.conv(x, w, layout="NCX"),
        lambda: convcore.conv(w, w, b),
        lambda: convcore.conv_transpose(x, w),
        lambda: convcore.conv_grad_weight(x, w, (1, 1, 1)),
    ):
        with pytest.raises(convcore.DtypeError, match="dtype="):
            call()


def test_values_that_overflow_on_the_way_do_so_silently():
    x, w = np.full((1, 1, 3), 1e300), np.ones((1, 1, 2), "float32")
    assert np.isinf(convcore.conv(x, w, dtype="float32")).all()
    assert np.isinf(convcore.conv(x, w, dtype="float16")).all()
    wide = np.full((1, 1, 3), 300, "uint64")
    assert convcore.conv(wide, wide, dtype="uint8").item() == 3 * 44 * 44 % 256


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
def test_a_large_image_is_never_converted_as_a_whole(mode):
    image = np.full((4000, 3000, 3), 7, "uint8")
    kernel, out = np.ones((3, 3), "float32"), np.empty((4000, 3000, 3), "float32")
    options = {"layout": "HWN", "weight_layout": "HW", "dtype": "float32", "padding": 1,
               "padding_mode": mode, "backend": "direct"}  # fmt: skip
    convcore.conv(image[:50], kernel, out=out[:50].copy(), **options)
    tracemalloc.start()
    with convcore.options(max_workspace=4 * 2**20):
        convcore.conv(image, kernel, out=out, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert out[1:-1, 1:-1].min() == out.max() == 63
    assert peak < 10 * 2**20 < image.size
