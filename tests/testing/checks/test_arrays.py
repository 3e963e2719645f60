"""The checks of arrays catch what is written, kept or read where it must not be."""

import numpy as np
import pytest
from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import arrays


@caught_by_checks_of(arrays)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


@pytest.mark.parametrize("dtype", ["float32", "complex64", "int8", "uint64"])
def test_guards_surround_a_copy(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    buffer, inner = arrays.guarded(array.shape, dtype)
    inner[...] = 0
    kept = buffer == 0
    assert (kept.sum(), kept[arrays.GUARD], kept[arrays.GUARD - 1]) == (6, True, False)
    np.testing.assert_array_equal(arrays.between_guards(array), array)


@pytest.mark.parametrize("layout", [name for name in arrays.LAYOUTS if name != "zero strides"])
def test_layouts_change_no_element(layout):
    array = np.arange(1, 7, dtype="float32").reshape(2, 3, 1)
    np.testing.assert_array_equal(arrays.LAYOUTS[layout](array), array)


def test_layouts_are_what_they_say():
    array = np.arange(6, dtype="float32").reshape(2, 3)
    assert not arrays.misaligned(array).flags.aligned
    assert not arrays.read_only(array).flags.writeable
    assert not arrays.strided(array).flags.c_contiguous
