"""The problem that a transposed convolution is the adjoint of."""

import pytest
from draws import array

import convcore
from convcore import (
    GeometryError,
    ShapeError,
)

TRANSPOSED = [
    (
        ShapeError,
        {"weight": (2, 1, 3)},
        "weight: first extent must be the input channels 4; got 2 in shape (2, 1, 3)",
    ),
    (
        GeometryError,
        {"padding": "same"},
        "padding: must be integers or (before, after) pairs for a "
        "transposed convolution; got 'same'",
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
