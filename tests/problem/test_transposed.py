"""The problem that a transposed convolution is the adjoint of."""

import numpy as np
import pytest
from draws import array

import convcore
from convcore import (
    Geometry,
    GeometryError,
    ShapeError,
)
from convcore.problem import transposed_geometry

TRANSPOSED = [
    (
        ShapeError,
        {"weight": (2, 1, 3)},
        "weight: first extent must be the input channels 4; got 2 in shape (2, 1, 3)",
    ),
    (
        GeometryError,
        {"padding": "full"},
        "padding: must be integers, (before, after) pairs or one of valid, same, same_lower for a "
        "transposed convolution; got 'full'",
    ),
    (
        GeometryError,
        {"padding": 1, "output_shape": 5},
        "padding: follows from output_shape; got 1; leave one of them out",
    ),
    (
        GeometryError,
        {"padding": "valid", "output_shape": 5},
        "padding: follows from output_shape; got 'valid'; leave one of them out",
    ),
    (
        GeometryError,
        {"output_shape": (5, 5)},
        "output_shape: expected one integer >= 0 for each of 1 spatial axes; got (5, 5)",
    ),
    (
        GeometryError,
        {"output_shape": -1},
        "output_shape: expected one integer >= 0 for each of 1 spatial axes; got (-1,)",
    ),
    (
        GeometryError,
        {"output_shape": 1.5},
        "output_shape: must be an integer; got 1.5",
    ),
    (
        GeometryError,
        {"output_padding": 1},
        "output_padding: every entry must be >= 0 and below max(stride, dilation) = (1,); got (1,)",
    ),
    (
        GeometryError,
        {"output_padding": (0, 0)},
        "output_padding: expected one integer for each of 1 spatial axes; got (0, 0)",
    ),
    (
        GeometryError,
        {"padding": 9},
        "padding: crops 18 of the 7 elements of the result on spatial axis 0; got (9, 9)",
    ),
    (
        GeometryError,
        {"groups": 3},
        "groups: must divide the input channels 3 and the output channels 4; got 3",
    ),
]


@pytest.mark.parametrize(("error", "change", "message"), TRANSPOSED)
def test_transposed_arguments(error, change, message):
    change = dict(change)
    weight = array(*change.pop("weight", (4, 1, 3)))
    with pytest.raises(error) as caught:
        convcore.conv_transpose(array(1, 4, 5), weight, **change)
    assert str(caught.value) == message


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("padding", [0, 1, ((2, 0),)])
def test_the_convolution_of_the_result_has_the_extents_of_the_input(stride, dilation, padding):
    for end in range(max(stride, dilation)):
        found = transposed_geometry((2, 4, 5), (4, 3, 3), stride, padding, end, dilation, 2)
        total = 2 * padding if isinstance(padding, int) else sum(padding[0])
        assert found.output_shape == (2, 4, 5)
        assert found.input_shape == (2, 6, 4 * stride - total + 2 * dilation + 1 + end)
        assert (found.weight_shape, found.groups) == ((4, 3, 3), 2)


def test_spellings_are_those_of_a_convolution():
    want = transposed_geometry((1, 4, 5, 6), (4, 2, 3, 3), (2, 1), (1, 0), (1, 0), (1, 2))
    got = transposed_geometry(
        [1, 4, 5, 6],
        np.array([4, 2, 3, 3]),
        np.array([2, 1]),
        [1, 0],
        np.array([1, 0]),
        range(1, 3),
    )
    assert got == want
    assert isinstance(want, Geometry)


UNFIT = [
    ({"output_padding": -1}, "output_padding: every entry must be >= 0 and below"),
    ({"output_padding": 0.5}, "output_padding: must be an integer; got 0.5"),
    ({"output_padding": (2, 0), "stride": 2}, "output_padding: expected one integer for each of 1"),
    ({"output_padding": 2, "stride": 2}, r"output_padding: every .* = \(2,\); got \(2,\)"),
    ({"input_shape": (1, 4, 0), "output_padding": 1, "stride": 2}, "output_padding: must be 0 on"),
    ({"stride": 0}, r"stride: every entry must be >= 1; got \(0,\)"),
    ({"groups": 0}, "groups: must be >= 1; got 0"),
    ({"weight_shape": (4, 2, 0)}, "weight: every kernel extent must be >= 1"),
]


@pytest.mark.parametrize(("change", "message"), UNFIT)
def test_what_is_no_transposed_convolution(change, message):
    arguments = {"input_shape": (1, 4, 5), "weight_shape": (4, 2, 3)} | change
    with pytest.raises(GeometryError, match=f"^{message}"):
        transposed_geometry(**arguments)


def test_output_padding_beyond_all_that_is_read_is_refused():
    said = r"output_padding: must not reach so far .*; got 7 with 4 elements"
    with pytest.raises(GeometryError, match=said):
        transposed_geometry((1, 8, 3), (8, 4, 1), 7, ((20, -2),), 7, 10)
