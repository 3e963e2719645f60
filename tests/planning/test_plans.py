"""`plan`: a problem bound to a backend, and what is no problem."""

import numpy as np
import pytest
from asking import SHAPES

import convcore
from convcore import DtypeError, GeometryError, OptionError, ShapeError
from convcore.problem import OPERATIONS

pytestmark = pytest.mark.usefixtures("isolated")


def test_a_plan_is_of_a_backend_and_computes_all_three():
    x, w = np.arange(5.0).reshape(SHAPES[0]), np.array([[[1.0, 10.0, 100.0]]])
    plan = convcore.plan(*SHAPES, dtype="float64")
    assert isinstance(plan, convcore.Convolution)
    assert plan.forward(x, w).tolist() == [[[210, 321, 432]]]
    g = np.ones((1, 1, 3))
    assert plan.grad_input(g, w).tolist() == [[[1, 11, 111, 110, 100]]]
    assert plan.grad_weight(g, x).tolist() == [[[3, 6, 9]]]


def test_the_dtype_is_float32_unless_it_is_named():
    assert convcore.plan(*SHAPES).dtype == "float32"
    for dtype in ("float64", np.int16, np.dtype(">c8"), "float16"):
        assert convcore.plan(*SHAPES, dtype=dtype).dtype == np.dtype(dtype).newbyteorder("=")


@pytest.mark.parametrize("operation", [None, *OPERATIONS])
def test_the_choice_is_for_one_operation_or_for_the_sum(register, operation):
    for place, name in enumerate(OPERATIONS):
        seconds = {each: 1e-12 if each == name else 5e-12 for each in OPERATIONS}
        register(f"b{place}", seconds=seconds)
    register("even", seconds=dict.fromkeys(OPERATIONS, 2e-12))
    found = convcore.plan(*SHAPES, operation=operation).name
    assert found == ("even" if operation is None else f"b{OPERATIONS.index(operation)}")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"operation": "x"}, OptionError, "operation: must be one of .* or None; got 'x'"),
        ({"operation": 3}, OptionError, "operation: must be one of .* or None; got 3"),
        ({"dtype": "bool"}, DtypeError, "dtype: must be one of .*float16.*; got bool"),
        ({"dtype": "float1"}, DtypeError, "dtype: must name a NumPy dtype; got 'float1'"),
        ({"stride": 0}, GeometryError, r"stride: every entry must be >= 1; got \(0,\)"),
        ({"weight_shape": (1, 2, 3)}, ShapeError, "weight: second extent must be C / groups"),
        ({"input_shape": 5}, GeometryError, "input: shape must be a tuple of integers; got 5"),
        ({"backend": 3}, OptionError, "backend: must be a name, a Convolution subclass or a list"),
    ],
)
def test_arguments_are_checked_before_anybody_is_asked(register, change, error, message):
    register("asked", refusal=AssertionError("it was asked"))
    arguments = {"input_shape": SHAPES[0], "weight_shape": SHAPES[1]} | change
    for call in (convcore.plan, convcore.explain):
        with pytest.raises(error, match=f"^{message}"):
            call(**arguments)
