"""A problem cut into slabs, each of which any backend can be asked."""

from __future__ import annotations

import numpy as np
import pytest

import convcore
from convcore.plugin import Refusal


class NeverCropping(convcore.get_backend("naive")):
    name = "never cropping"

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        crops = any(min(pair) < 0 for pair in geometry.padding)
        return Refusal("CROPS", f"{geometry.padding}") if crops else None


@pytest.mark.parametrize("extent", [1, 2])
@pytest.mark.parametrize("stride", [2, 3, 5])
@pytest.mark.parametrize("padding", [(0, 0), (3, 4), (7, 1)])
@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_slabs_of_float16_ask_for_nothing_that_the_problem_does_not(extent, stride, padding, rows):
    """Between receptive fields below the stride lie rows that no output reads."""
    geometry = convcore.Geometry.of(
        (1, 1, 16, 1), (1, 1, extent, 1), stride=(stride, 1), padding=(padding, (0, 0))
    )
    rng = np.random.default_rng(0)
    gradient = rng.integers(-4, 5, geometry.output_shape).astype("float16")
    weight = rng.integers(-4, 5, geometry.weight_shape).astype("float16")
    bytes_per_row = 4 * (16 + geometry.output_extents[0]) / 16
    with convcore.options(max_workspace=int(rows * bytes_per_row)):
        given, expected = (
            convcore.conv_grad_input(
                gradient.astype(dtype),
                weight.astype(dtype),
                geometry.input_shape,
                stride=geometry.stride,
                padding=geometry.padding,
                backend=NeverCropping,
            )
            for dtype in ("float16", "float64")
        )
    np.testing.assert_array_equal(given, expected)
