"""Which kind of call runs what, and what it takes."""

from __future__ import annotations

import numpy as np
import pytest

from convcore.functional.call import Call, SlabwiseCall
from convcore.functional.calls import call_for, slabwise_call_for
from convcore.planning import Operand

SHAPES, STEPS = ((1, 2, 8), (4, 2, 3)), (1, 0, 1, 1)


def call(dtype, kind=call_for, mode="zeros", operation="forward"):
    return kind(*SHAPES, np.dtype(dtype), STEPS, mode, operation, "naive")


def test_what_is_summed_wider_or_converted_goes_slab_by_slab():
    assert type(call("float16")) is SlabwiseCall
    assert type(call("float64")) is Call
    assert type(call("float64", slabwise_call_for)) is SlabwiseCall
    assert call("float64", slabwise_call_for) is call("float64", slabwise_call_for)
    assert call("float64", slabwise_call_for) is not call("float64")


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
def test_an_operand_may_be_given_as_what_its_parts_are_read_from(rng, mode):
    dtype = np.dtype("complex128")
    x, w = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape) for shape in SHAPES)
    want = call(dtype, mode=mode).forward(x, w.conj(), None, 0, None)
    slabwise = call(dtype, slabwise_call_for, mode)
    got = slabwise.forward(Operand(x, dtype), Operand(w, dtype, conjugated=True), None, 0, None)
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(slabwise.forward(x, w.conj(), None, 0, None), want)
