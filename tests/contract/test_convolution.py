"""What the public methods of a plan do around those that an author writes."""

import numpy as np
import pytest
from draws import array
from fakes import backend_class, own_backends

import convcore
from convcore import (
    DtypeError,
    Geometry,
    ShapeError,
    UnsupportedError,
)
from convcore.problem import OPERATIONS

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


GEOMETRY = Geometry.of((2, 4, 9), (6, 2, 3), groups=2)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_author_gets_plain_arrays_whatever_came(operation):
    seen = []

    class Looking(backend_class("looking")):
        def _forward(self, first, second, result):
            seen.extend((first, second, result))

        _grad_input = _grad_weight = _forward

    pair = [array(*shape, dtype=">f4").T.copy().T for shape in GEOMETRY.operand_shapes(operation)]
    got = getattr(Looking(GEOMETRY, "float32"), operation)(*pair)
    assert all(each.flags.carray and each.dtype.isnative for each in seen)
    assert [each.shape for each in seen] == [*(a.shape for a in pair), got.shape]
    assert seen[2] is got


def test_an_author_never_sees_an_empty_problem():
    failing = backend_class("failing", value=AssertionError("it ran"))
    geometry = Geometry.of((2, 0, 9), (6, 0, 3))
    out = np.full((2, 6, 7), 5, "float32")
    plan = failing(geometry, "float32")
    assert plan.forward(array(2, 0, 9), array(6, 0, 3), out=out) is out
    assert not out.any()


def test_what_the_declaration_leaves_out_is_refused():
    narrow = backend_class("narrow", dtypes=("float64",), ranks=range(2, 4))
    assert narrow.refusal(GEOMETRY, np.dtype("float32")).code == "DTYPE"
    refusal = narrow.refusal(GEOMETRY, np.dtype("float64"))
    assert str(refusal) == "RANK: spatial rank 1 is not in 2 to 3"
    with pytest.raises(
        UnsupportedError, match=r"^backend 'narrow' cannot run this .*: spatial rank"
    ):
        narrow(GEOMETRY, "float64")


def test_what_a_backend_need_not_say():
    class Terse(convcore.get_backend("naive")):
        name = "terse"
        estimate = convcore.Convolution.estimate
        workspace_bytes = convcore.Convolution.workspace_bytes
        describe = convcore.Convolution.describe

    assert Terse.estimate(GEOMETRY, np.dtype("f4"), "forward", threads=1) is None
    plan = Terse(GEOMETRY, "float32")
    assert (plan.workspace_bytes("forward"), plan.describe("forward")) == (0, "")


def test_without_the_capability_there_is_one_variant():
    fake = backend_class("fake")
    for operation in OPERATIONS:
        assert fake.variants(GEOMETRY, np.dtype("f4"), operation, threads=1) == ("default",)
    rule = r"^backend 'fake' has no variants; got \{'forward': 'default'\}$"
    with pytest.raises(UnsupportedError, match=rule):
        fake(GEOMETRY, "float32", variants={"forward": "default"})
    assert fake(GEOMETRY, "float32", variants=None).name == "fake"


def test_what_the_caller_has_set_for_floating_point_errors_changes_nothing(registered):
    """NumPy in a backend would warn, or raise, where a kernel in C does neither."""

    class Overflows(backend_class("overflows")):
        def _forward(self, input, weight, output):
            output[...] = (input * np.float32(3e38) - input * np.float32(3e38)) * np.float32(1e-38)

    registered(Overflows)
    plan = convcore.plan((1, 1, 4), (1, 1, 1), backend="overflows")
    for state in ("warn", "raise"):
        with np.errstate(all=state):
            result = plan.forward(array(1, 1, 4) + np.float32(2), array(1, 1, 1))
        assert np.isnan(result).all()


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("backend", [None, *NAMES])
def test_no_sum_that_overflows_or_underflows_says_so(backend, dtype):
    huge, tiny = (np.full((3, 1, 9), value, dtype) for value in (2e38, 1e-42))
    try:
        plan = convcore.plan((3, 1, 9), (1, 1, 3), dtype=dtype, padding=1, backend=backend)
    except UnsupportedError:
        return
    with convcore.options(deterministic="batch"):
        alone = convcore.plan((3, 1, 9), (1, 1, 3), dtype=dtype, padding=1, backend=backend)
    for each in (plan, alone):
        for x in (huge, tiny):
            with np.errstate(all="raise"):
                each.forward(x, x[:1, :, :3])
                each.grad_input(x, x[:1, :, :3])
                each.grad_weight(x, x)
