"""`conv` and `conv_transpose` of JAX's arrays: values, jit, and errors."""

import numpy as np
import pytest

import convcore

jax = pytest.importorskip("jax")
door = pytest.importorskip("convcore.adapters.jax")
from jax_cases import CASES, operands  # noqa: E402


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize(("function", "ours", "transposed", "steps"), CASES)
@pytest.mark.parametrize("compiled", [False, True])
def test_values_are_those_of_the_function_on_arrays(function, ours, transposed, steps, compiled):
    arrays = list(operands(steps, "float32", transposed=transposed))

    def run(*arrays):
        return function(*arrays, **steps)

    found = (jax.jit(run) if compiled else run)(*arrays)
    np.testing.assert_allclose(found, ours(*arrays, **steps), rtol=1e-5, atol=1e-5)


def test_complex_gradients_are_those_of_jax():
    x, w, _ = operands({}, "complex128")

    def theirs(x, w):
        return jax.lax.conv_general_dilated(x, w, (1, 1), "VALID")

    t = theirs(x, w)
    found = jax.vjp(door.conv, x, w)[1](t)
    for mine, expected in zip(found, jax.vjp(theirs, x, w)[1](t), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-10)


def test_bfloat16_is_summed_in_float32():
    x = jax.numpy.ones((1, 300, 4), "bfloat16")
    y = door.conv(x, jax.numpy.ones((1, 300, 1), "bfloat16"))
    assert y.dtype == "bfloat16"
    assert (y == 300).all()


def test_operands_of_two_dtypes_are_refused():
    x, w = np.ones((1, 1, 4), "float32"), np.ones((1, 1, 2))
    with pytest.raises(convcore.DtypeError, match="weight: must have the dtype of input"):
        door.conv(x, w)
    with pytest.raises(TypeError, match="operands: must have one dtype"):
        jax.jit(door.conv)(x, w)
