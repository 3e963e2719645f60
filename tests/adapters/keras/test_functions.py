"""Keras' convolutions and pools: what `keras.ops` documents, in both data formats."""

import numpy as np
import pytest

pytest.importorskip("convcore.adapters.keras", exc_type=ImportError)

import convcore
from convcore.adapters import keras as door
from convcore.adapters.keras import functions

RNG = np.random.default_rng(0)
FORMATS = ("channels_last", "channels_first")


def drawn(*shape, dtype="float32"):
    return RNG.standard_normal(shape).astype(dtype)


def last(x):
    """(N, C, *S) with the channels last."""
    return np.moveaxis(x, 1, -1)


def given(x, data_format):
    return last(x) if data_format == "channels_last" else x


def kernel_of(w):
    """(K, C, *R) as Keras writes it, (*R, C, K)."""
    return np.moveaxis(np.moveaxis(w, 1, -1), 0, -1)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("padding", ["valid", "SAME"])
@pytest.mark.parametrize(
    ("extents", "taps", "strides", "dilation", "groups"),
    [
        ((12,), (3,), 2, 1, 1),
        ((9, 8), (3, 2), (2, 1), 1, 2),
        ((9, 8), (3, 2), 1, (2, 3), 1),
        ((5, 6, 7), (2, 3, 1), 1, 1, 1),
    ],
)
def test_conv(extents, taps, strides, dilation, groups, padding, data_format):
    x, w = drawn(2, 4, *extents), drawn(6, 4 // groups, *taps)
    y = functions.conv(given(x, data_format), kernel_of(w), strides, padding, data_format, dilation)
    keywords = {"stride": strides, "padding": padding.lower(), "dilation": dilation}
    expected = convcore.conv(x, w, groups=groups, **keywords)
    np.testing.assert_allclose(y, given(expected, data_format), rtol=1e-4, atol=1e-4)


def test_channels_stay_first_in_memory():
    y = functions.conv(drawn(1, 6, 6, 4), drawn(3, 3, 4, 8), data_format="channels_last")
    z = functions.max_pool(np.maximum(y, 0), 2, data_format="channels_last")
    assert y.shape == (1, 4, 4, 8)
    assert all(np.moveaxis(each, -1, 1).flags.c_contiguous for each in (y, z))


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("rank", [1, 2])
def test_depthwise_conv(rank, data_format):
    x, kernel = drawn(2, 3, *(8,) * rank), drawn(*(3,) * rank, 3, 2)
    y = functions.depthwise_conv(given(x, data_format), kernel, data_format=data_format)
    each = [
        convcore.conv(x[:, c : c + 1], np.moveaxis(kernel[..., c, :], -1, 0)[:, None].copy())
        for c in range(3)
    ]
    expected = np.concatenate(each, axis=1)
    np.testing.assert_allclose(y, given(expected, data_format), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("taps", "strides", "ends", "dilation"),
    [
        ((3, 2), (2, 1), None, 1),
        ((3, 4), 3, None, 1),
        ((1, 2), 4, None, 1),
        ((3, 4), 2, 1, 1),
        ((3, 3), 3, (0, 2), 1),
        ((3, 2), 1, None, (2, 3)),
    ],
)
def test_conv_transpose_is_the_gradient_and_as_long_as_keras_says(
    taps, strides, ends, dilation, padding, data_format
):
    x, kernel = drawn(2, 3, 5, 4), drawn(*taps, 6, 3)
    y = functions.conv_transpose(
        given(x, data_format), kernel, strides, padding, ends, data_format, dilation
    )
    y = np.moveaxis(y, -1, 1) if data_format == "channels_last" else y
    steps, gaps = (np.broadcast_to(each, 2) for each in (strides, dilation))
    spans = gaps * (np.array(taps) - 1) + 1
    whole = convcore.conv_transpose(
        x, np.moveaxis(kernel, (-1, -2), (0, 1)).copy(), stride=tuple(steps), dilation=tuple(gaps)
    )
    extents = np.array(x.shape[2:])
    if padding == "valid":
        rest = np.maximum(spans, steps) if ends is None else spans + np.broadcast_to(ends, 2)
        lengths = (extents - 1) * steps + rest
    elif ends is None:
        lengths = extents * steps
    else:
        lengths = (extents - 1) * steps + spans % 2 + np.broadcast_to(ends, 2)
    assert y.shape == (2, 6, *lengths)
    before = np.zeros(2, int)
    if padding == "same":
        before = np.maximum(0, (whole.shape[2:] - lengths) // 2)
    expected = np.zeros(y.shape)
    seen = whole[:, :, before[0] :, before[1] :][:, :, : lengths[0], : lengths[1]]
    expected[:, :, : seen.shape[2], : seen.shape[3]] = seen
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides"), [(2, None), ((3, 2), (2, 1))])
def test_pools(size, strides, padding, data_format):
    x = drawn(2, 3, 8, 7)
    sizes = np.broadcast_to(size, 2)
    steps = sizes if strides is None else np.array(strides)
    missing = (0, 0)
    if padding == "same":
        outputs = -(-np.array(x.shape[2:]) // steps)
        missing = np.maximum(0, (outputs - 1) * steps + sizes - x.shape[2:])
    widths = [(0, 0), (0, 0), *((total // 2, total - total // 2) for total in missing)]
    padded = np.pad(x.astype(float), widths, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, sizes, axis=(2, 3))
    windows = windows[:, :, :: steps[0], :: steps[1]]
    for function, reduce in ((functions.max_pool, np.nanmax), (functions.average_pool, np.nanmean)):
        y = function(given(x, data_format), size, strides, padding, data_format)
        expected = given(reduce(windows, axis=(-2, -1)), data_format)
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("float16", "float32", "float32"),
        ("int8", "float32", "float32"),
        ("bfloat16", "bfloat16", "bfloat16"),
        ("float64", "float32", "float32"),
        ("int32", "int32", "int32"),
    ],
)
def test_results_have_the_dtype_that_keras_promotes_to(first, second, expected):
    tensor = door.keras.ops.convert_to_tensor
    x, kernel = np.arange(8).reshape(1, 8, 1), np.array([1, 2, 3]).reshape(3, 1, 1)
    y = functions.conv(tensor(x, first), tensor(kernel, second))
    assert y.dtype.name == expected
    assert y.astype(int).ravel().tolist() == [8, 14, 20, 26, 32, 38]


def test_a_variable_is_taken():
    variable = door.keras.Variable(np.ones((3, 1, 1), "float32"))
    assert functions.conv(np.ones((1, 4, 1), "float32"), variable).tolist() == [[[3.0], [3.0]]]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (functions.conv, (drawn(1, 4, 3), drawn(2, 2, 1))),
        (functions.conv_transpose, (drawn(1, 4, 3), drawn(2, 1, 2))),
    ],
)
def test_channels_that_do_not_fit_are_refused(function, arguments):
    with pytest.raises(ValueError, match="channels"):
        function(*arguments)


@pytest.mark.parametrize("function", [functions.conv, functions.conv_transpose])
def test_only_two_paddings_are_keras(function):
    with pytest.raises(ValueError, match="padding: must be 'same' or 'valid'; got 'full'"):
        function(drawn(1, 4, 1), drawn(2, 1, 1), padding="full")
    with pytest.raises(ValueError, match="padding: must be 'same' or 'valid'; got 'full'"):
        functions.max_pool(drawn(1, 4, 1), 2, padding="full")
