"""The reference that errors are held against is the definition."""

from __future__ import annotations

import numpy as np
import pytest

from convcore.demo.measure import OPERANDS, evaluate
from convcore.plugin import OPERATIONS, Geometry
from convcore.testing.catalogue import oracle


@pytest.mark.parametrize("operation", OPERATIONS)
def test_reference_is_the_definition(operation):
    geometry = Geometry.of((2, 3, 7, 6), (4, 3, 3, 4), padding=((1, 2), (0, 3)))
    rng = np.random.default_rng(5)
    arrays = {
        "input": rng.integers(-9, 9, geometry.input_shape).astype(float),
        "weight": rng.integers(-9, 9, geometry.weight_shape).astype(float),
        "grad_output": rng.integers(-9, 9, geometry.output_shape).astype(float),
    }
    first, second = (arrays[name] for name in OPERANDS[operation])
    found = evaluate(geometry, operation, first, second)
    expected = oracle.convolve(geometry, operation, first, second)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
