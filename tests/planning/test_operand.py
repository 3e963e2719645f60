"""What the operands of a slab are read from."""

import numpy as np
import pytest

from convcore.planning import Operand

REAL, COMPLEX, HALF = map(np.dtype, ("float32", "complex64", "float16"))


@pytest.mark.parametrize(
    ("array", "dtype", "conjugated", "own"),
    [
        (np.ones(3, "float32"), REAL, False, True),
        (np.ones(3, "float32"), REAL, True, True),
        (np.ones(3, ">f4"), REAL, False, False),
        (np.ones(3, "uint8"), REAL, False, False),
        (np.ones(3, "complex64"), COMPLEX, False, True),
        (np.ones(3, "complex64"), COMPLEX, True, False),
        (np.ones(3, "float16"), HALF, False, False),
    ],
)
def test_an_array_is_read_itself_where_no_element_changes(array, dtype, conjugated, own):
    found = Operand(array, dtype, conjugated).own
    assert found is array if own else found is None


def test_parts_are_rounded_to_the_dtype_before_they_are_widened():
    part = Operand(np.array([1 + 2**-12], "float32"), HALF).part(())
    assert part.dtype == REAL
    assert part == 1
    target = np.empty(1, "float32")
    Operand(np.array([1 + 2**-12], "float32"), HALF).copy_part((), target)
    assert target == 1
