"""Operands in any layout and byte order give the same bits."""

import numpy as np
import pytest
from draws import draw, operands

import convcore

any_layout = pytest.mark.parametrize(
    "change",
    [
        lambda a: a.astype(a.dtype.newbyteorder()),
        lambda a: np.asfortranarray(a),
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        lambda a: a[:, :, ::-1].copy()[:, :, ::-1],
        lambda a: misaligned(a),
    ],
    ids=["byte order", "fortran", "strided", "negative strides", "misaligned"],
)


@any_layout
def test_any_layout_of_the_operands_gives_the_same_bits(rng, change):
    input, weight = operands(rng, 2, "float32")
    bias = draw(rng, (6,), "float32")
    expected = convcore.conv(input, weight, bias, groups=2, padding=1)
    given = convcore.conv(change(input), change(weight), bias, groups=2, padding=1)
    np.testing.assert_array_equal(given, expected)
    assert given.dtype == expected.dtype


@any_layout
@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64"])
def test_any_layout_of_the_gradient_gives_the_same_bits(rng, dtype, change):
    input, weight, bias = *operands(rng, 2, dtype), draw(rng, (6,), dtype)
    output, pullback = convcore.conv_vjp(input, weight, bias, groups=2, padding=1)
    gradient = draw(rng, output.shape, dtype)
    for given, expected in zip(pullback(change(gradient)), pullback(gradient), strict=True):
        np.testing.assert_array_equal(given, expected)
        assert given.dtype == expected.dtype == dtype


@any_layout
def test_the_bias_gradient_of_float16_is_summed_in_float32(rng, change):
    input, weight = np.zeros((2, 1, 60, 40), "float16"), np.zeros((3, 1, 1, 1), "float16")
    gradient = rng.integers(1, 4, (2, 3, 60, 40)).astype("float16")  # 2048 + 1 is no float16
    _, pullback = convcore.conv_vjp(input, weight, np.zeros(3, "float16"))
    exact = gradient.sum(axis=(0, 2, 3), dtype="float64")
    np.testing.assert_array_equal(pullback(change(gradient))[2], exact.astype("float16"))


def misaligned(array):
    raw = np.empty(array.nbytes + 1, "uint8")
    moved = raw[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved
