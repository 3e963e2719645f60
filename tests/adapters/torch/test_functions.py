"""`conv` and `conv_transpose` of tensors: values, backends by name, and errors."""

import numpy as np
import pytest

import convcore

torch = pytest.importorskip("torch")
door = pytest.importorskip("convcore.adapters.torch")

from torch_cases import CASES, tensor  # noqa: E402

# PyTorch itself still uses what it tells others not to.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")


@pytest.mark.parametrize(("function", "ours", "make", "steps"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "complex64", "float16"])
def test_values_are_those_of_the_function_on_arrays(function, ours, make, steps, dtype):
    tensors = make(steps, dtype)
    expected = ours(*(t.numpy() for t in tensors), **steps)
    np.testing.assert_allclose(function(*tensors, **steps).numpy(), expected, rtol=2e-3, atol=2e-3)


def test_bfloat16_is_rounded_once():
    x, w = tensor(1, 8, 20, dtype="bfloat16"), tensor(3, 8, 5, dtype="bfloat16", seed=1)
    expected = door.conv(x.double(), w.double()).to(torch.bfloat16)
    assert (door.conv(x, w) == expected).float().mean() > 0.9
    torch.testing.assert_close(door.conv(x, w), expected)


def test_a_backend_by_name_runs_or_says_why_not():
    x, w = tensor(1, 1, 5), tensor(1, 1, 3, seed=1)
    torch.testing.assert_close(door.conv(x, w, backend="naive"), door.conv(x, w, backend="im2col"))
    with pytest.raises(convcore.UnsupportedError, match="winograd"):
        door.conv(x, w, stride=2, backend="winograd")


def test_what_does_not_fit_is_our_sentence():
    with pytest.raises(convcore.ShapeError, match="weight: "):
        door.conv(tensor(1, 2, 5), tensor(1, 3, 3))
