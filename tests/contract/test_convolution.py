"""What the public methods of a plan do around those that an author writes."""

import pytest
from draws import array
from fakes import own_backends

import convcore
from convcore import (
    DtypeError,
    ShapeError,
)

NAMES = own_backends()


@pytest.mark.parametrize("backend", NAMES)
@pytest.mark.parametrize("operation", ["forward", "grad_input", "grad_weight"])
def test_a_plan_checks_every_array(backend, operation):
    plan = convcore.plan((1, 1, 5), (2, 1, 3), backend=backend)
    shapes = {"input": (1, 1, 5), "weight": (2, 1, 3), "grad_output": (1, 2, 3)}
    names = {
        "forward": ("input", "weight"),
        "grad_input": ("grad_output", "weight"),
        "grad_weight": ("grad_output", "input"),
    }[operation]
    good = [array(*shapes[name]) for name in names]
    for place, name in enumerate(names):
        for bad, error, message in (
            (array(1, 1, 77), ShapeError, f"{name}: must have shape"),
            (array(*shapes[name], dtype="float64"), DtypeError, f"{name}: must have dtype float32"),
            ([1.0], DtypeError, f"{name}: must be a numpy.ndarray; got list"),
        ):
            operands = list(good)
            operands[place] = bad
            with pytest.raises(error, match=f"^{message}"):
                getattr(plan, operation)(*operands)
