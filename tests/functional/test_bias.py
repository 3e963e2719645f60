"""A bias, and its gradient."""

import numpy as np
import pytest

import convcore
from convcore.functional.bias import grad_bias


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex128", "int8"])
@pytest.mark.parametrize("backend", ["naive", "direct", None])
def test_a_bias_is_added_to_every_position_of_its_channel(backend, dtype):
    input, weight = np.zeros((2, 3, 4, 2), dtype), np.ones((3, 3, 1, 1), dtype)
    bias = np.array([1, 2, 3], dtype)
    output = convcore.conv(input, weight, bias, backend=backend)
    assert (output == bias.reshape(3, 1, 1)).all()
    assert output.dtype == dtype


def test_the_gradient_sums_over_samples_and_positions():
    gradient = np.arange(24.0).reshape(2, 3, 4)
    assert grad_bias(gradient).tolist() == gradient.sum(axis=(0, 2)).tolist()
    assert grad_bias(np.zeros((0, 3, 4), "float32")).tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "uint8", "int64"])
@pytest.mark.parametrize("order", ["=", ">"])
def test_its_dtype_is_that_of_the_gradient_in_native_order(dtype, order):
    gradient = np.ones((2, 3, 5), np.dtype(dtype).newbyteorder(order))
    found = grad_bias(gradient)
    assert found.dtype == dtype
    assert found.dtype.isnative
    assert found.tolist() == [10, 10, 10]


def test_integers_wrap_and_floats_overflow_silently():
    """Warnings are errors in this suite."""
    assert grad_bias(np.full((2, 1, 1), 100, "int8")).tolist() == [200 - 256]
    assert grad_bias(np.full((2, 1, 1), 6e4, "float16")).tolist() == [np.inf]


def test_the_sum_of_float16_is_rounded_once():
    gradient = np.ones((1, 1, 4096), "float16")  # 2048 + 1 is no float16
    assert grad_bias(gradient).item() == 4096
