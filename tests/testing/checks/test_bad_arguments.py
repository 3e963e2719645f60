"""The checks of bad arguments catch a backend that takes them."""

import numpy as np
import pytest
from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import bad_arguments


@caught_by_checks_of(bad_arguments)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_foreign_bits_have_another_dtype_of_the_same_size(dtype):
    array = np.ones((2, 3), dtype)
    foreign = bad_arguments.foreign(array)
    assert foreign.dtype != array.dtype
    assert foreign.dtype.itemsize == array.dtype.itemsize
    assert foreign.tobytes() == array.tobytes()
