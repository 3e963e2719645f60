"""What the bridge takes and hands on: unusual arrays, empty problems, steps, names."""

from __future__ import annotations

import numpy as np
import pytest
from built import bridge
from convcore_native import DirectConvolution
from native import (
    PROBLEMS,
    THREADED,
    expected,
    integers,
    native_plan,
    normal,
    operands,
    reference,
    run,
)

from convcore.plugin import OPERATIONS, Geometry

pytestmark = pytest.mark.usefixtures("isolated")

OPERATION_NUMBERS = range(3)

SMALL = Geometry.of((2, 3, 8, 7), (4, 3, 3, 3), padding=1)


def small(dtype="float32", seed=0):
    return DirectConvolution(SMALL, dtype), integers(SMALL, dtype, seed)


@pytest.mark.parametrize("operation", OPERATION_NUMBERS)
def test_unusual_arrays_take_the_way_of_all_backends(operation):
    plan, arrays = small()
    method = getattr(plan, OPERATIONS[operation])
    wanted = reference(SMALL, operation, *arrays)
    first, second = operands(operation, *arrays)
    misaligned = np.empty(first.nbytes + 1, "uint8")[1:].view("float32").reshape(first.shape)
    misaligned[...] = first
    read_only = second.copy()
    read_only.setflags(write=False)
    for one, other in (
        (np.asfortranarray(first), second),
        (first.astype(">f4"), second),
        (misaligned, second),
        (first, np.repeat(second, 2, axis=-1)[..., ::2]),
        (first, read_only),
    ):
        out = np.full(wanted.shape, np.nan, "float32")
        assert method(one, other, out=out) is out
        assert np.array_equal(out, wanted)
        assert np.array_equal(method(one, other), wanted)


@pytest.mark.parametrize("operation", OPERATION_NUMBERS)
def test_what_does_not_fit_is_refused_as_by_all_backends(operation):
    plan, arrays = small()
    method = getattr(plan, OPERATIONS[operation])
    first, second = operands(operation, *arrays)
    shape = SMALL.result_shape(OPERATIONS[operation])
    memory = np.zeros(first.size + 2 * int(np.prod(shape)), "float32")
    inside = memory[: first.size].reshape(first.shape)
    overlapping = memory[first.size - 1 :][: int(np.prod(shape))].reshape(shape)
    read_only = np.zeros(shape, "float32")
    read_only.setflags(write=False)
    for first_tried, out, said in (
        (first[:, :2], None, "must have shape"),
        (first.astype("float64"), None, "must have dtype float32"),
        (first.tolist(), None, "must be a numpy.ndarray"),
        (first.view(np.recarray), None, "must be a numpy.ndarray"),
        (first, np.zeros(shape, "float64"), "out: must have dtype float32"),
        (first, np.zeros((1, *shape), "float32"), "out: must have shape"),
        (first, np.zeros((*shape[:-1], 2 * shape[-1]), "float32")[..., ::2], "C-contiguous"),
        (first, read_only, "out: must be writeable"),
        (inside, overlapping, "out: must not overlap"),
    ):
        with pytest.raises((ValueError, TypeError), match=said):
            method(first_tried, second, out=out)


def test_neighbours_in_one_memory_do_not_overlap():
    plan, (x, w, _) = small()
    size = int(np.prod(SMALL.output_shape))
    memory = np.zeros(x.size + size, "float32")
    memory[: x.size] = x.ravel()
    out = memory[x.size :].reshape(SMALL.output_shape)
    plan.forward(memory[: x.size].reshape(x.shape), w, out=out)
    assert np.array_equal(out, reference(SMALL, 0, x, w, out))


def test_a_subclass_and_even_one_plan_may_replace_an_operation():
    class Doubling(DirectConvolution):
        def _forward(self, input, weight, output):
            super()._forward(input, weight, output)
            output *= 2

    plan, (x, w, y) = small()
    double = Doubling(SMALL, "float32")
    assert np.array_equal(double.forward(x, w), 2 * plan.forward(x, w))
    assert np.array_equal(double.grad_input(y, w), plan.grad_input(y, w))
    plan._forward = lambda input, weight, output: output.fill(5)
    assert (plan.forward(x, w) == 5).all()


def test_the_bridge_itself_takes_no_other_arrays():
    plan = native_plan(SMALL, "float32")
    x, w, y = integers(SMALL, "float32")
    for arrays in ((x, w, w), (x.astype("float64"), w, y), (x, w, None), (None, w, y), (x, w, x)):
        with pytest.raises((ValueError, TypeError), match="arrays"):
            plan.run(0, *arrays)


def test_empty_problems_never_reach_the_kernels():
    geometry = Geometry.of((0, 3, 8), (4, 3, 3))
    plan = DirectConvolution(geometry, "float32")
    assert plan.forward(*integers(geometry, "float32")[:2]).shape == (0, 4, 6)
    assert not plan.grad_weight(np.ones((0, 4, 6), "float32"), np.ones((0, 3, 8), "float32")).any()


@pytest.mark.parametrize("operation", OPERATION_NUMBERS)
@pytest.mark.parametrize("algorithm", ["direct", "winograd", "tilefft"])
def test_an_empty_problem_can_be_asked_about(algorithm, operation):
    for shapes in (((0, 3, 8), (4, 3, 3)), ((2, 0, 8), (4, 0, 3)), ((2, 3, 8), (0, 3, 3))):
        plan = native_plan(Geometry.of(*shapes), "float32", algorithm=algorithm)
        asked = plan.workspace_bytes(operation), plan.describe(operation), plan.seconds(operation)
        assert asked == (0, "nothing to compute", 0)
        assert plan.prepare(operation, np.zeros(shapes[1], np.float32)) is None


@pytest.mark.parametrize("operation", OPERATION_NUMBERS)
def test_steps_that_are_larger_than_any_array_take_no_time(operation):
    for shapes, options in (
        (((2, 3, 8), (4, 3, 3)), {"stride": 2**59}),
        (((2, 3, 5), (4, 3, 1)), {"stride": 2**39, "padding": ((-2, 2**40),)}),
    ):
        geometry = Geometry.of(*shapes, **options)
        arrays = integers(geometry, "float32")
        got = run(native_plan(geometry, "float32"), geometry, operation, *arrays)
        assert np.array_equal(got, expected(geometry, operation, "float32"))


@pytest.mark.parametrize("operation", OPERATION_NUMBERS)
def test_more_threads_than_there_is_memory_for_are_not_used(operation):
    geometry = Geometry.of((8, 64, 14, 14), (64, 64, 3, 3), padding=1)
    few, many = (
        native_plan(geometry, "float32", threads=threads, workspace=4 << 20)
        for threads in (2, 1000)
    )
    assert many.workspace_bytes(operation) <= 4 << 20
    assert "definition" not in many.describe(operation)
    arrays = normal(geometry)
    want = run(few, geometry, operation, *arrays)
    np.testing.assert_allclose(run(many, geometry, operation, *arrays), want, atol=1e-3)


def test_an_unknown_instruction_set_is_named():
    with pytest.raises(ValueError, match=r"isa: must be one of .*baseline.*; got 'mmx'"):
        native_plan(SMALL, "float32", isa="mmx")


def test_every_operation_describes_itself():
    for geometry in (PROBLEMS | THREADED).values():
        plan = native_plan(geometry, "float32")
        for operation in OPERATION_NUMBERS:
            assert plan.describe(operation)
            assert 0 < plan.seconds(operation) < 1


def test_the_names_of_the_instruction_sets():
    assert "baseline" in bridge.available_isas()
    assert bridge.active_isa() in bridge.available_isas()
    assert bridge.unknown_isa() is None
