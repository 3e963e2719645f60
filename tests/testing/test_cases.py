"""One case: its bound, and what is right."""

from __future__ import annotations

import numpy as np
import pytest

from convcore.problem import OPERATIONS
from convcore.testing import unit_bound
from convcore.testing.catalogue import oracle
from convcore.testing.catalogue.data import operands
from convcore.testing.catalogue.problems import ALONE


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("numerics", ["componentwise", "normwise"])
def test_plain_numpy_arithmetic_stays_within_the_bounds(operation, numerics):
    geometry = ALONE["2d+everything"].geometry
    pair = operands("random", geometry, "float32", operation)
    error = oracle.convolve(geometry, operation, *pair) - oracle.exact(geometry, operation, *pair)
    bound = unit_bound(numerics, geometry, operation, *pair)
    assert (np.abs(error) <= bound).all()
    assert np.abs(error).max() > 0
    # The normwise bound with factor 1 lies above the error and within a few orders of it.
    assert (bound / np.abs(error).max()).max() < 1e4
