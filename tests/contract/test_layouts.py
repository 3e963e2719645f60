"""Arrays in a caller's order of axes, seen in the library's."""

import numpy as np
import pytest

from convcore.contract import in_full
from convcore.problem import parse_layouts


def seen(array, text):
    return in_full("input", array, parse_layouts(text, None, None).input)


@pytest.mark.parametrize(
    ("text", "shape", "order"),
    [
        ("NHWC", (2, 5, 7, 3), (0, 3, 1, 2)),
        ("CWHN", (3, 7, 5, 2), (3, 0, 1, 2)),
        ("NCHW", (2, 3, 5, 7), (0, 1, 2, 3)),
    ],
)
def test_a_permutation_is_a_view(text, shape, order):
    array = np.arange(210).reshape(shape)
    found = seen(array, text)
    assert np.shares_memory(found, array)
    np.testing.assert_array_equal(found, array.transpose(order))


def test_axes_that_are_not_named_are_added():
    array = np.arange(35).reshape(5, 7)
    assert seen(array, "HW").shape == (1, 1, 5, 7)
    assert seen(array, "CX").shape == (1, 5, 7)
    assert np.shares_memory(seen(array, "XN"), array)


@pytest.mark.parametrize("lead", [(), (4,), (2, 3), (0, 3)])
def test_leading_axes_become_one(lead):
    array = np.arange(np.prod(lead, dtype=int) * 30).reshape(*lead, 3, 10)
    found = seen(array, "...CX")
    np.testing.assert_array_equal(found, array.reshape(-1 if lead else 1, 3, 10)[: len(found)])
    assert not array.size or np.shares_memory(found, array)


def test_leading_axes_that_are_not_one_in_memory_are_copied():
    array = np.arange(240).reshape(4, 2, 3, 10).transpose(1, 0, 2, 3)
    np.testing.assert_array_equal(seen(array, "...CX"), array.reshape(8, 3, 10))


def test_a_memmap_is_an_array_like_any_other(tmp_path):
    mapped = np.memmap(tmp_path / "x", "uint8", "w+", shape=(5, 7, 3))
    assert type(seen(mapped, "HWC")) is np.ndarray
    assert np.shares_memory(seen(mapped, "HWC"), mapped)
