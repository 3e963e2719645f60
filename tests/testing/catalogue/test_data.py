"""Seeded operands: exact sums, and nothing that they depend on but their key."""

from __future__ import annotations

import numpy as np
import pytest

from convcore.problem import OPERATIONS
from convcore.testing.catalogue.data import operands
from convcore.testing.catalogue.problems import ALONE


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("dtype", "digits"), [("float32", 24), ("complex128", 53)])
@pytest.mark.parametrize("kind", ["integers", "skewed"])
def test_integer_data_leave_every_partial_sum_exact(operation, dtype, digits, kind):
    geometry = ALONE["2d.channels"].geometry
    first, second = operands(kind, geometry, dtype, operation)
    largest = [max(abs(a.real).max(), abs(a.imag).max()) for a in (first, second)]
    terms = geometry.accumulation_length(operation) * (2 if first.dtype.kind == "c" else 1)
    assert 2 ** (digits - 4) < largest[0] * largest[1] * terms <= 2**digits
    assert np.array_equal(first, np.rint(first.real) + 1j * np.rint(first.imag))


def test_data_depend_on_nothing_but_the_arguments():
    state = np.random.get_state()[1].tobytes()
    geometry = ALONE["1d"].geometry
    one, two, other = (
        operands("random", geometry, "float32", "forward", seed=s) for s in (0, 0, 1)
    )
    assert all(map(np.array_equal, one, two))
    assert not np.array_equal(one[0], other[0])
    assert np.random.get_state()[1].tobytes() == state
