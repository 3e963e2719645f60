"""Prepared weights: whose they are, what a backend sees of them, copies, threads, refusals."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fakes import own_backends
from mutants import TapConvolution

import convcore
from convcore.plugin import Geometry

GEOMETRY = Geometry.of((2, 4, 9), (6, 2, 3), stride=2, padding=1, groups=2)
WIDE = Geometry.of((2, 40, 35, 37), (50, 40, 3, 3), padding=1)
EMPTY = Geometry.of((0, 4, 9), (6, 2, 3), groups=2)
SHAPES = {
    "input": GEOMETRY.input_shape,
    "weight": GEOMETRY.weight_shape,
    "grad_output": GEOMETRY.output_shape,
}


def draw(name, dtype="float32"):
    rng = np.random.default_rng(len(name))
    values = rng.standard_normal(SHAPES[name]) + 1j * rng.standard_normal(SHAPES[name])
    return (values if np.dtype(dtype).kind == "c" else values.real).astype(dtype)


class Transforming(TapConvolution):
    """Works on weights of twice the size, packed by the constructor of `Packed`."""

    name = "transforming"
    asked = None

    def _prepare(self, weight, operation):
        if self.asked is not None:
            self.asked.append(operation)
        return Packed(weight, operation)

    def _forward(self, input, weight, output):
        super()._forward(input, Packed.opened(weight, "forward"), output)

    def _grad_input(self, grad_output, weight, grad_input):
        super()._grad_input(grad_output, Packed.opened(weight, "grad_input"), grad_input)


class Packed:
    def __init__(self, weight, operation):
        self.doubled, self.operation = np.repeat(weight, 2, axis=0), operation

    @staticmethod
    def opened(weight, operation):
        if type(weight) is np.ndarray:
            return weight
        assert weight.operation == operation
        return weight.doubled[::2]


@pytest.fixture(params=[*own_backends(), Transforming])
def plan(request):
    try:
        return backend_plan(request.param)
    except convcore.UnsupportedError as error:
        pytest.skip(str(error))


def backend_plan(backend, dtype="float32"):
    cls = convcore.get_backend(backend) if isinstance(backend, str) else backend
    return cls(GEOMETRY, dtype, threads=2)


def both(plan, weight, **options):
    dtype = plan.dtype
    forward = plan.forward(draw("input", dtype), weight, **options)
    return forward, plan.grad_input(draw("grad_output", dtype), weight, **options)


def assert_same(got, want):
    for one, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_gives_the_same_bits_whatever_becomes_of_the_array(plan):
    weight = draw("weight")
    want, prepared = both(plan, weight), plan.prepare(weight)
    weight[...] = np.nan
    for _ in range(2):
        assert_same(both(plan, prepared), want)


@pytest.mark.parametrize("backend", ["naive", Transforming])
def test_complex_weights_are_not_conjugated(backend):
    plan, weight = backend_plan(backend, "complex64"), draw("weight", "complex64")
    assert_same(both(plan, plan.prepare(weight)), both(plan, weight))


@pytest.mark.parametrize(
    "change",
    [
        lambda a: np.asfortranarray(a),
        lambda a: a[::-1].copy()[::-1],
        lambda a: a.astype(a.dtype.newbyteorder()),
    ],
    ids=["fortran", "negative strides", "byte order"],
)
def test_any_layout_is_taken(plan, change):
    weight = draw("weight")
    assert_same(both(plan, plan.prepare(change(weight))), both(plan, weight))


def test_out_is_checked_overwritten_and_returned(plan):
    prepared, input = plan.prepare(draw("weight")), draw("input")
    out = np.full(GEOMETRY.output_shape, np.nan, "float32")
    assert plan.forward(input, prepared, out=out) is out
    np.testing.assert_array_equal(out, plan.forward(input, prepared))
    with pytest.raises(convcore.ShapeError, match=r"^out: must have shape"):
        plan.forward(input, prepared, out=out[:1])
    with pytest.raises(convcore.ShapeError, match=r"^out: must not overlap"):
        plan.grad_input(out, prepared, out=memory_of(out, GEOMETRY.input_shape))
    with pytest.raises(convcore.ShapeError, match=r"^input: must have shape"):
        plan.forward(input[:1], prepared)


def memory_of(array, shape):
    """An array of this shape that begins where `array` does."""
    return np.lib.stride_tricks.as_strided(array, shape, np.zeros(shape, array.dtype).strides)


class TestWhose:
    @pytest.mark.parametrize("other", ["equal", "dtype", "geometry", "backend", "unpickled"])
    def test_only_the_very_plan_takes_it(self, other):
        plan, naive = backend_plan("naive"), convcore.get_backend("naive")
        stranger = {
            "equal": backend_plan("naive"),
            "dtype": backend_plan("naive", "float64"),
            "geometry": naive(EMPTY, "float32"),
            "backend": backend_plan("im2col"),
            "unpickled": pickle.loads(pickle.dumps(plan)),
        }[other]
        prepared = plan.prepare(draw("weight"))
        input = np.zeros(stranger.geometry.input_shape, stranger.dtype)
        gradient = np.zeros(stranger.geometry.output_shape, stranger.dtype)
        rule = (
            r"^weight: must be prepared by this very plan; got one prepared by <NaiveConvolution "
            r"'naive' .* float32>; call prepare of the plan that is to take it$"
        )
        for method, operand in ((stranger.forward, input), (stranger.grad_input, gradient)):
            with pytest.raises(convcore.ShapeError, match=rule):
                method(operand, prepared)

    def test_it_may_be_for_one_operation(self, monkeypatch):
        plan = backend_plan(Transforming)
        monkeypatch.setattr(Transforming, "asked", [])
        for operation in ("forward", "grad_input"):
            prepared = plan.prepare(draw("weight"), operation=operation)
            assert plan.asked.pop() == operation
            assert not plan.asked
            assert f"prepared for {operation} by <Transforming" in repr(prepared)
        plan.grad_input(draw("grad_output"), prepared)
        rule = (
            "^weight: must be prepared for forward; got one prepared for grad_input only; "
            "leave out operation= where both are needed$"
        )
        with pytest.raises(convcore.ShapeError, match=rule):
            plan.forward(draw("input"), prepared)

    def test_it_is_asked_for_once_and_not_for_each_call(self, monkeypatch):
        plan = backend_plan(Transforming)
        monkeypatch.setattr(Transforming, "asked", [])
        prepared = plan.prepare(draw("weight"))
        both(plan, prepared)
        both(plan, prepared)
        assert plan.asked == ["forward", "grad_input"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("weight", "error", "rule"),
        [
            ([[[1.0]]], convcore.DtypeError, "weight: must be a numpy.ndarray; got list"),
            (np.zeros((6, 2, 3)), convcore.DtypeError, "weight: must have dtype float32 .*float64"),
            (
                np.zeros((6, 2, 4), "float32"),
                convcore.ShapeError,
                r"weight: must have shape \(6, 2, 3\); got \(6, 2, 4\)",
            ),
            (np.ma.zeros((6, 2, 3)), convcore.DtypeError, "weight: .*; fill it first"),
        ],
    )
    def test_a_weight_that_does_not_fit(self, plan, weight, error, rule):
        with pytest.raises(error, match=f"^{rule}"):
            plan.prepare(weight)

    @pytest.mark.parametrize("operation", ["grad_weight", "backward", 1, ["forward"]])
    def test_an_operation_without_a_weight(self, plan, operation):
        rule = "^operation: must be forward or grad_input or None; got "
        with pytest.raises(convcore.OptionError, match=rule):
            plan.prepare(draw("weight"), operation=operation)

    def test_it_is_no_array_anywhere_else(self, plan):
        prepared = plan.prepare(draw("weight"))
        input, gradient, weight = draw("input"), draw("grad_output"), draw("weight")
        calls = {
            "input": [
                lambda: plan.forward(prepared, weight),
                lambda: plan.forward(prepared, prepared),
                lambda: plan.grad_weight(gradient, prepared),
                lambda: convcore.conv(prepared, weight),
            ],
            "grad_output": [
                lambda: plan.grad_input(prepared, weight),
                lambda: plan.grad_weight(prepared, input),
            ],
            "weight": [
                lambda: plan.prepare(prepared),
                lambda: convcore.conv(input, prepared, groups=2),
                lambda: convcore.conv_grad_input(gradient, prepared, input.shape, groups=2),
            ],
            "out": [lambda: plan.forward(input, weight, out=prepared)],
        }
        for name, attempts in calls.items():
            hint = "" if name == "out" else "; only forward and grad_input of the plan that prepar"
            for attempt in attempts:
                rule = f"^{name}: must be a numpy.ndarray; got PreparedWeight{hint}"
                with pytest.raises(convcore.DtypeError, match=rule):
                    attempt()

    def test_it_cannot_be_changed(self, plan):
        prepared = plan.prepare(draw("weight"))
        with pytest.raises(AttributeError):
            prepared.plan = backend_plan("naive")
        with pytest.raises(AttributeError):
            prepared.extra = 1
        with pytest.raises(TypeError):
            prepared.payloads["forward"] = None
        with pytest.raises(ValueError, match="read-only"):
            prepared.weight[...] = 0


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_empty_problems_need_no_backend(dtype):
    class Never(TapConvolution):
        def _prepare(self, weight, operation):
            raise AssertionError

    plan = Never(EMPTY, dtype)
    prepared = plan.prepare(np.ones(EMPTY.weight_shape, dtype))
    assert plan.forward(np.ones(EMPTY.input_shape, dtype), prepared).shape == EMPTY.output_shape
    gradient = np.ones(EMPTY.output_shape, dtype)
    assert plan.grad_input(gradient, prepared).shape == EMPTY.input_shape


class TestCopies:
    @pytest.mark.parametrize("again", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
    def test_a_plan_and_its_weight_stay_together(self, plan, again):
        prepared = plan.prepare(draw("weight"))
        other, moved = again((plan, prepared))
        assert moved.plan is other
        assert other is not plan
        assert_same(both(other, moved), both(plan, prepared))

    def test_a_copy_belongs_to_the_same_plan(self, plan):
        prepared = plan.prepare(draw("weight"))
        assert_same(both(plan, copy.copy(prepared)), both(plan, prepared))

    @pytest.mark.parametrize("again", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
    @pytest.mark.parametrize(
        "backend", sorted({"direct", "tilefft", "winograd"} & {*own_backends()})
    )
    def test_native_weights_are_transformed_anew(self, backend, again):
        plan = convcore.get_backend(backend)(WIDE, "float32", threads=2)
        random = np.random.default_rng(0)
        x, w, y = (
            random.standard_normal(shape, "float32")
            for shape in (WIDE.input_shape, WIDE.weight_shape, WIDE.output_shape)
        )
        prepared = plan.prepare(w)
        other, moved = again((plan, prepared))
        for one in (prepared, moved, copy.copy(prepared)):
            payload = one.payloads["forward"]
            assert type(payload).__name__ == "TransformedWeight"
            assert one is prepared or payload is not prepared.payloads["forward"]
        assert_same(
            (other.forward(x, moved), other.grad_input(y, moved)),
            (plan.forward(x, w), plan.grad_input(y, w)),
        )

    def test_it_stays_for_one_operation(self):
        plan = backend_plan(Transforming)
        prepared = pickle.loads(pickle.dumps(plan.prepare(draw("weight"), operation="forward")))
        assert list(prepared.payloads) == ["forward"]

    def test_a_plan_from_a_pickle_has_the_dtype_of_new_arrays(self):
        plan = pickle.loads(pickle.dumps(backend_plan("naive")))
        assert plan.dtype is np.dtype("float32")


class TestSubclasses:
    def test_who_overrides_an_operation_alone_sees_arrays(self):
        class Doubling(Transforming):
            def _forward(self, input, weight, output):
                super()._forward(input, 2 * weight, output)

        plan, weight = backend_plan(Doubling), draw("weight")
        prepared = plan.prepare(weight)
        assert type(prepared.payloads["forward"]) is np.ndarray
        assert type(prepared.payloads["grad_input"]) is Packed
        assert_same(both(plan, prepared), both(plan, weight))

    def test_who_overrides_nothing_inherits_the_transform(self):
        class Renamed(Transforming):
            name = "renamed"

        prepared = backend_plan(Renamed).prepare(draw("weight"))
        assert type(prepared.payloads["forward"]) is Packed

    def test_a_payload_arrives_as_it_is(self):
        class Odd(TapConvolution):
            def _prepare(self, weight, operation):
                return weight.T

            def _forward(self, input, weight, output):
                super()._forward(input, weight.T if weight.shape[0] == 3 else weight, output)

        plan, weight = backend_plan(Odd), draw("weight")
        prepared = plan.prepare(weight, operation="forward")
        assert prepared.payloads["forward"].flags.f_contiguous
        input = draw("input")
        np.testing.assert_array_equal(plan.forward(input, prepared), plan.forward(input, weight))


def test_threads_share_it(plan):
    prepared, input = plan.prepare(draw("weight")), draw("input")
    want = plan.forward(input, prepared)
    with ThreadPoolExecutor(8) as pool:
        results = pool.map(lambda _: plan.forward(input, prepared), range(32))
        assert all((result == want).all() for result in results)
