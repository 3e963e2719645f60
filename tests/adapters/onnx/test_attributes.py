"""ONNX's attributes in our words."""

import pytest

pytest.importorskip("onnx")

from convcore.adapters.onnx.attributes import pairs, per_axis, steps, windows


@pytest.mark.parametrize(
    ("auto_pad", "padding"),
    [
        ("NOTSET", ((1, 3), (2, 4))),
        ("", ((1, 3), (2, 4))),
        ("SAME_UPPER", "same"),
        ("SAME_LOWER", "same_lower"),
        ("VALID", "valid"),
    ],
)
def test_a_name_of_a_padding_comes_before_numbers(auto_pad, padding):
    found = steps({"auto_pad": auto_pad, "pads": [1, 2, 3, 4], "group": 3}, 2)
    assert found["padding"] == padding
    assert found["groups"] == 3


def test_what_is_not_given_is_the_usual():
    usual = {"stride": (1,) * 3, "padding": ((0, 0),) * 3, "dilation": (1,) * 3, "groups": 1}
    assert steps({}, 3) == usual
    assert per_axis(None, 2) == per_axis([], 2) == (1, 1)
    assert pairs({"pads": None}, 1) == ((0, 0),)


def test_windows_stand_on_the_spatial_axes():
    found = windows({"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 0, 0]}, (1, 5, 8, 9))
    assert sorted(found) == [2, 3]
    assert (found[2].taps, found[2].before, found[2].outputs) == (3, 1, 4)
    assert (found[3].taps, found[3].before, found[3].outputs) == (2, 0, 8)


def test_a_padding_without_numbers_ignores_ceil_mode():
    attributes = {"kernel_shape": [3], "strides": [2], "auto_pad": "VALID", "ceil_mode": 1}
    assert windows(attributes, (1, 1, 6))[2].outputs == 2
    assert windows(attributes | {"auto_pad": "NOTSET"}, (1, 1, 6))[2].outputs == 3
