"""Filters along one axis: the order of the sums, what is refused, and folding to the last bit."""

import numpy as np
import pytest
from convcore_lines import LinesConvolution, filtered_axis

import convcore
from convcore.errors import UnsupportedError
from convcore.plugin import Geometry


def in_order(x, w):
    """The sums of one line as they are promised, every step rounded."""
    taps, half, count = len(w), len(w) // 2, len(x) - len(w) + 1
    even, odd = (w == w[::-1]).all(), (w == -w[::-1]).all()
    if not taps % 2 or not (even or odd):
        terms = [taps - 1, *range(taps - 1)]
        total = x[terms[0] :][:count] * w[terms[0]]
        for r in terms[1:]:
            total = total + x[r : r + count] * w[r]
        return total
    total = x[half : half + count] * w[half]
    for r in range(half):
        left, right = x[r : r + count], x[taps - 1 - r :][:count]
        total = total + (left + right if even else left - right) * w[r]
    return total


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("taps", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("kind", ["even", "odd", "neither"])
def test_the_order_of_a_sum_is_promised(dtype, taps, kind):
    random = np.random.default_rng(taps)
    x = random.standard_normal(5000).astype(dtype)
    w = random.standard_normal(taps).astype(dtype)
    w = {"even": w + w[::-1], "odd": w - w[::-1], "neither": w}[kind]
    got = convcore.conv(x[None, None], w[None, None], backend="lines")[0, 0]
    np.testing.assert_array_equal(got, in_order(x, w))


def test_any_axis_several_channels_filters_and_dilation():
    random = np.random.default_rng(0)
    x = random.integers(-9, 9, (2, 3, 7, 20, 6)).astype("float32")
    for axis in range(3):
        shape = [6, 1, 1, 1, 1]
        shape[2 + axis] = 3
        w = random.integers(-9, 9, shape).astype("float32")
        options = {"groups": 3, "dilation": (2, 3, 1)}
        got = convcore.conv(x, w, backend="lines", **options)
        np.testing.assert_array_equal(got, convcore.conv(x, w, backend="naive", **options))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stride": 2}, "STRIDE"),
        ({"padding": 1}, "PADDING"),
        ({"weight_shape": (1, 1, 3, 3)}, "KERNEL"),
        ({"input_shape": (1, 2, 9, 9), "weight_shape": (1, 2, 3, 1)}, "CHANNELS"),
    ],
)
def test_what_is_no_plain_filter_is_refused(change, code):
    arguments = {"input_shape": (1, 1, 9, 9), "weight_shape": (1, 1, 3, 1), **change}
    refusal = LinesConvolution.refusal(Geometry.of(**arguments), np.dtype("float32"), "forward")
    assert refusal.code == code


def test_gradients_are_refused():
    geometry = Geometry.of((1, 1, 9), (1, 1, 3))
    dtype = np.dtype("float32")
    assert LinesConvolution.refusal(geometry, dtype) is None
    for operation in ("grad_input", "grad_weight"):
        assert LinesConvolution.refusal(geometry, dtype, operation).code == "OPERATION"
    plan, line = LinesConvolution(geometry, dtype), np.ones((1, 1, 7), "float32")
    with pytest.raises(UnsupportedError, match="grad_input"):
        plan.grad_input(line, np.ones((1, 1, 3), "float32"))
    with pytest.raises(UnsupportedError, match="grad_weight"):
        plan.grad_weight(line, np.ones((1, 1, 9), "float32"))


def test_the_axis_that_is_filtered():
    assert filtered_axis(Geometry.of((1, 1, 9, 9, 9), (1, 1, 1, 3, 1))) == 1
    assert filtered_axis(Geometry.of((1, 1, 9, 9), (1, 1, 1, 1))) == 1
