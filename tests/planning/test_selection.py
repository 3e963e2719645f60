"""Which backend runs: precedence, names and lists, ranking, and options that filter."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from fakes import backend_class

import convcore
from convcore import registry
from convcore.plugin import OPERATIONS, Refusal

pytestmark = pytest.mark.usefixtures("isolated")

SHAPES = (1, 1, 5), (1, 1, 3)
NO = Refusal("TOO_EASY", "the problem is too easy")


def ran(backend=None):
    """The value that fills the result of the backend that runs."""
    return convcore.conv(np.ones(SHAPES[0]), np.ones(SHAPES[1]), backend=backend).flat[0]


def pulled():
    return convcore.conv_vjp(np.ones(SHAPES[0]), np.ones(SHAPES[1]))


def chosen(**options):
    return convcore.explain(*SHAPES, **options).chosen


def rows(**options):
    return {row.name: row for row in convcore.explain(*SHAPES, **options).rows}


@pytest.fixture
def four(register):
    """Backends 1 to 4, which run only by name and fill results with their number."""
    for number in range(1, 5):
        register(f"b{number}", value=number, automatic=False)


SOURCES = ("argument", "use_backend", "set_default_backend", "CONVCORE_BACKEND")


@pytest.mark.parametrize("used", list(itertools.product([True, False], repeat=4)))
def test_precedence(four, environment, used):
    argument, context, default, variable = used
    if variable:
        environment(CONVCORE_BACKEND="b4")
    if default:
        convcore.set_default_backend("b3")
    with convcore.use_backend("b2" if context else None):
        named = "b1" if argument else None
        winner = next((place for place, on in enumerate(used) if on), None)
        expected = "automatic choice" if winner is None else SOURCES[winner]
        found = convcore.explain(*SHAPES, backend=named)
        assert found.source == expected
        if winner is not None:
            assert ran(named) == winner + 1
            assert found.chosen == f"b{winner + 1}"
            assert convcore.plan(*SHAPES, backend=named).name == f"b{winner + 1}"


def test_the_default_is_reset_by_none(four):
    convcore.set_default_backend("b3")
    convcore.set_default_backend(None)
    assert convcore.explain(*SHAPES).source == "automatic choice"


class TestNamed:
    def test_it_runs_or_raises_with_its_reason(self, register):
        register("picky", refusal=NO)
        sentence = "^backend 'picky' cannot run this problem: the problem is too easy$"
        for attempt in (ran, lambda name: convcore.plan(*SHAPES, backend=name)):
            with pytest.raises(convcore.UnsupportedError, match=sentence):
                attempt("picky")
        assert issubclass(convcore.UnsupportedError, NotImplementedError)

    def test_also_where_the_context_or_the_environment_names_it(self, register, environment):
        register("picky", refusal=NO)
        with convcore.use_backend("picky"), pytest.raises(convcore.UnsupportedError):
            ran()
        environment(CONVCORE_BACKEND="picky")
        with pytest.raises(convcore.UnsupportedError):
            ran()

    def test_a_class(self):
        assert ran(backend_class("never registered", value=4)) == 4

    def test_options_of_the_automatic_choice_do_not_hinder_it(self, register):
        register("loose", value=5, deterministic="no", nonfinite="spreads", numerics="normwise")
        with convcore.options(accuracy="strict", deterministic=True):
            assert ran("loose") == 5

    def test_max_workspace_is_a_limit_for_it_too(self, register):
        register("hungry", workspace=1001)
        with convcore.options(max_workspace=1000):
            rule = "needs 1001 bytes of workspace; max_workspace is 1000"
            with pytest.raises(convcore.UnsupportedError, match=rule):
                ran("hungry")

    def test_a_plan_that_cannot_keep_to_the_limits_is_a_refusal(self):
        class Cramped(backend_class("cramped")):
            name = "cramped"

            def __init__(self, *problem, max_workspace=None, **options):
                super().__init__(*problem, max_workspace=max_workspace, **options)
                if max_workspace is not None:
                    raise convcore.UnsupportedError("max_workspace: must be None")

        convcore.register_backend(Cramped)
        assert ran("cramped") == 7
        with convcore.options(max_workspace=1000):
            with pytest.raises(convcore.UnsupportedError, match=r"'cramped' .*: max_workspace: mu"):
                ran("cramped")
            assert ran(["cramped", "naive"]) == 3
            assert (rows()["cramped"].status, rows()["cramped"].code) == ("refused", "UNSUPPORTED")

    @pytest.mark.parametrize("spec", [7, dict, object(), [7], ("naive", 7), [["naive"]]])
    def test_what_names_no_backend(self, spec):
        for attempt in (ran, convcore.use_backend, convcore.set_default_backend):
            with pytest.raises(convcore.OptionError, match="backend: must be a"):
                attempt(spec)

    def test_an_unknown_name_is_refused_where_it_is_set(self, environment):
        for attempt in (ran, convcore.use_backend, convcore.set_default_backend):
            with pytest.raises(convcore.UnknownBackendError, match="unknown name 'fftt'"):
                attempt("fftt")

    @pytest.mark.parametrize("value", ["fftt", "naive,fftt"])
    def test_an_unknown_name_in_the_environment_is_told_to_be_there(self, environment, value):
        environment(CONVCORE_BACKEND=value)
        rule = "^CONVCORE_BACKEND: unknown name 'fftt'; installed: .*; did you mean 'fft'"
        for attempt in (ran, chosen, lambda: convcore.plan(*SHAPES), pulled):
            with pytest.raises(convcore.UnknownBackendError, match=rule):
                attempt()
        assert ran("naive") == 3

    @pytest.mark.parametrize("spec", [[], ()])
    def test_an_empty_list_names_none(self, spec):
        planned = [lambda spec: convcore.plan(*SHAPES, backend=spec), lambda s: chosen(backend=s)]
        for attempt in (ran, convcore.use_backend, convcore.set_default_backend, *planned):
            with pytest.raises(convcore.OptionError) as caught:
                attempt(spec)
            assert str(caught.value) == f"backend: must name at least one; got {spec!r}"


class TestLists:
    def test_the_first_that_can_run_does(self, register, four):
        register("picky", refusal=NO)
        assert ran(["picky", "b2", "b1"]) == 2
        assert ran(("b1", "b2")) == 1
        with convcore.use_backend(["picky", backend_class("local", value=9)]):
            assert ran() == 9
        convcore.set_default_backend(["picky", "b3"])
        assert ran() == 3

    def test_in_the_environment(self, four, environment):
        environment(CONVCORE_BACKEND=" b2 , b1")
        assert ran() == 2
        assert convcore.explain(*SHAPES).source == "CONVCORE_BACKEND"

    def test_where_none_can_run_every_reason_is_told(self, register):
        register("picky", refusal=NO)
        rule = "none of those asked for can run this problem; picky: the problem is too easy"
        with pytest.raises(convcore.UnsupportedError, match=rule):
            ran(["picky", "picky"])

    def test_one_that_cannot_be_loaded_is_passed_over(self, fake_distribution, four):
        source = "from convcore.plugin import BackendLoadError\nraise BackendLoadError('no GPU')"
        fake_distribution("gpu", {"gpu": "gpu_plugin:Fake"}, {"gpu_plugin": source})
        assert ran(["gpu", "b2"]) == 2
        with pytest.raises(convcore.UnsupportedError, match=r"gpu: .*no GPU"):
            ran(["gpu"])

    def test_an_unknown_name_in_it_is_an_error(self, four):
        with pytest.raises(convcore.UnknownBackendError, match="unknown name 'b5'"):
            ran(["b1", "b5"])

    def test_a_blocked_one_is_passed_over(self, four, environment):
        environment(CONVCORE_BLOCK="b1")
        assert ran(["b1", "b2"]) == 2


@pytest.mark.parametrize("kind", [ValueError, NotImplementedError, convcore.UnsupportedError])
def test_an_exception_inside_a_kernel_propagates(register, kind):
    register("failing", value=kind("inside"), seconds=0.0)
    for backend in (None, "failing", ["failing", "naive"]):
        with pytest.raises(kind, match=r"^inside$"):
            ran(backend)


class TestRanking:
    def test_by_estimate_then_unknown_then_name(self, register):
        answers = {"b": 1e-9, "c": 1e-9, "a": 2e-9, "z": None, "y": None, "n": float("nan")}
        for name, seconds in answers.items():
            register(name, value=5, seconds=seconds)
        order = [row.name for row in convcore.explain(*SHAPES).rows if row.name in answers]
        assert order == ["b", "c", "a", "n", "y", "z"]
        assert chosen() == "b"
        assert rows()["y"].seconds is None

    def test_plan_is_ranked_by_the_sum_of_the_three(self, register):
        register("even", seconds=dict.fromkeys(OPERATIONS, 2e-9))
        register("uneven", seconds={"forward": 1e-9, "grad_input": 1e-9, "grad_weight": 9e-9})
        assert convcore.plan(*SHAPES).name == "even"
        assert convcore.plan(*SHAPES, operation="forward").name == "uneven"
        assert (chosen(operation=None), chosen(operation="grad_weight")) == ("even", "even")
        assert rows(operation=None)["even"].seconds == pytest.approx(6e-9)

    def test_one_unknown_operation_makes_the_sum_unknown(self, register):
        register("half", seconds={"forward": 0.0, "grad_input": 0.0, "grad_weight": None})
        assert chosen(operation=None) != "half"
        assert chosen(operation="forward") == "half"

    def test_automatic_backends_only(self, register):
        register("shy", seconds=0.0, automatic=False)
        assert chosen() != "shy"
        assert (rows()["shy"].status, rows()["shy"].code) == ("by name only", "BY_NAME_ONLY")

    def test_where_nothing_can_run(self, environment):
        environment(CONVCORE_BLOCK=",".join(record.name for record in registry.records()))
        with pytest.raises(convcore.UnsupportedError, match=r"no backend can .*naive: blocked"):
            ran()
        assert convcore.explain(*SHAPES).chosen is None
        assert "no backend can run this problem" in str(convcore.explain(*SHAPES))


class TestFilters:
    @pytest.mark.parametrize(
        ("options", "declared", "code"),
        [
            ({"accuracy": "strict"}, {"numerics": "normwise"}, "ACCURACY"),
            ({"accuracy": "strict"}, {"nonfinite": "spreads"}, "ACCURACY"),
            (
                {"accuracy": "strict"},
                {"numerics": "normwise", "typical_error": 0.1, "nonfinite": "local"},
                "ACCURACY",
            ),
            ({"deterministic": True}, {"deterministic": "fixed_threads"}, "DETERMINISM"),
            ({"deterministic": True}, {"deterministic": "no"}, "DETERMINISM"),
        ],
    )
    def test_what_does_not_promise_enough_is_kept_out(self, register, options, declared, code):
        register("loose", seconds=0.0, **declared)
        assert chosen() == "loose"
        with convcore.options(**options):
            assert chosen() != "loose"
            assert (rows()["loose"].status, rows()["loose"].code) == ("refused", code)
            assert convcore.conv(np.ones(SHAPES[0]), np.ones(SHAPES[1])).flat[0] == 3

    def test_what_promises_enough_is_not(self, register):
        register("sound", seconds=0.0, deterministic="any_threads")
        with convcore.options(accuracy="strict", deterministic=True, max_workspace=0):
            assert chosen() == "sound"

    def test_max_workspace(self, register):
        register("hungry", seconds=0.0, workspace=dict(zip(OPERATIONS, (10, 20, 30), strict=True)))
        for limit, operation, admitted in (
            (10, "forward", True),
            (9, "forward", False),
            (29, None, False),
            (30, None, True),
        ):
            with convcore.options(max_workspace=limit):
                assert (chosen(operation=operation) == "hungry") is admitted
        with convcore.options(max_workspace=9):
            row = rows()["hungry"]
        assert (row.code, row.workspace) == ("WORKSPACE", 10)

    def test_the_environment_asks_for_strict_accuracy(self, register, environment):
        register("loose", seconds=0.0, numerics="normwise")
        environment(CONVCORE_ACCURACY="strict")
        assert chosen() != "loose"
        with convcore.options(accuracy="default"):
            assert chosen() == "loose"


class TestTypicalError:
    """1e-5 of max |y| is 84 eps in float32: what the default admits of normwise backends."""

    @pytest.mark.parametrize(
        ("declared", "dtype", "admitted"),
        [
            ({"bound": 80.0}, "float32", True),
            ({"bound": 90.0}, "float32", False),
            ({"bound": 4000.0, "typical_error": 80.0}, "float32", True),
            ({"bound": 1.0, "typical_error": 90.0}, "float32", False),
            ({"typical_error": float("nan")}, "float32", False),
            ({"bound": 90.0}, "float64", True),
            ({"bound": 90.0, "numerics": "componentwise"}, "float32", True),
        ],
    )
    def test_what_the_default_admits(self, register, declared, dtype, admitted):
        register("loose", seconds=0.0, **{"numerics": "normwise"} | declared)
        assert (chosen(dtype=dtype) == "loose") is admitted
        row = rows(dtype=dtype)["loose"]
        assert (row.status, row.code) == (("chosen", "") if admitted else ("refused", "ACCURACY"))

    def test_it_is_explained_and_no_hindrance_by_name(self, register):
        register("loose", value=5, seconds=0.0, numerics="normwise", typical_error=1000.0)
        text = "declares errors of 0.000119 max |y|; 1e-05 is admitted"
        assert rows(dtype="float32")["loose"].text == text
        single = [np.ones(shape, "float32") for shape in SHAPES]
        assert convcore.conv(*single).flat[0] == 3
        assert convcore.conv(*single, backend="loose").flat[0] == 5

    def test_integers_have_no_such_error(self, register):
        declared = {"numerics": "normwise", "bound": 1e9, "dtypes": ("int32",)}
        register("whole", seconds=0.0, **declared)
        assert chosen(dtype="int32") == "whole"

    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize(
        "shapes", [((1, 64, 28, 28), (64, 64, 3, 3)), ((2, 3, 999), (4, 3, 64))]
    )
    def test_installed_backends_keep_to_what_they_declare(self, operation, shapes):
        """Standard normal operands, which is what `typical_error` is about."""
        geometry, rng = convcore.Geometry.of(*shapes, padding=1), np.random.default_rng(0)
        first, second = (
            rng.standard_normal(shape, dtype="float32")
            for shape in geometry.operand_shapes(operation)
        )
        wide = convcore.get_backend("im2col")(geometry, "float64")
        want = getattr(wide, operation)(first.astype("float64"), second.astype("float64"))
        for record in convcore.backends():
            if (declared := record.declaration) is None or declared.numerics != "normwise":
                continue
            backend = convcore.get_backend(record.name)
            if backend.refusal(geometry, "float32", operation) is None:
                got = getattr(backend(geometry, "float32"), operation)(first, second)
                error = np.abs(got - want).max() / np.abs(want).max()
                assert error <= declared.relative_error("float32"), record.name


FAULTS = {
    "refusal raises": {"refusal": ZeroDivisionError("oops")},
    "refusal is a word": {"refusal": "too easy"},
    "estimate raises": {"seconds": ZeroDivisionError("oops")},
    "estimate is a word": {"seconds": "soon"},
    "workspace raises": {"workspace": ZeroDivisionError("oops"), "seconds": 0.0},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_plugin_is_contained_in_the_automatic_choice(register, fault):
    register("faulty", **FAULTS[fault])
    # Only a limit has anybody ask for the workspace.
    limit = {"max_workspace": 2**30} if fault.startswith("workspace") else {}
    with convcore.options(**limit):
        with pytest.warns(RuntimeWarning, match="backend 'faulty' raised .* instead of answering"):
            assert ran() == 3
        with pytest.warns(RuntimeWarning, match="faulty"):
            row = rows()["faulty"]
        assert (row.status, row.code) == ("broken", "FAULTY")
        if not fault.startswith("estimate"):  # which nobody asks a backend that is named for
            with pytest.raises((ZeroDivisionError, TypeError)):
                ran("faulty")


def test_a_faulty_plugin_is_warned_of_once(register):
    register("faulty", refusal=ZeroDivisionError("oops"))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for extent in range(3, 9):
            convcore.conv(np.ones((1, 1, extent)), np.ones((1, 1, 3)))
    assert len(seen) == 1


def test_a_default_set_while_a_plan_is_chosen_is_not_kept_for_another(four, monkeypatch):
    """The last that goes into the key of a plan is the registry's generation."""

    generation = registry.generation

    def interrupted():
        convcore.set_default_backend("b1")
        return generation()

    with monkeypatch.context() as patched:
        patched.setattr(registry, "generation", interrupted)
        assert ran() == 1
    convcore.set_default_backend(None)
    assert ran() == 3


def test_the_row_of_a_named_backend_knows_what_the_automatic_choice_leaves_out(register):
    register("loose", seconds=0.5, workspace=7, numerics="normwise", automatic=False)
    with convcore.options(accuracy="strict"):
        row = rows(backend="loose")["loose"]
    assert (row.status, row.seconds, row.workspace, row.code) == ("chosen", 0.5, 7, "")
    namesake = backend_class("loose", seconds=0.25, workspace=5)
    found = [row for row in convcore.explain(*SHAPES, backend=namesake).rows if row.name == "loose"]
    assert [(row.status, row.seconds, row.workspace) for row in found] == [("chosen", 0.25, 5)]


class NeverCropping(convcore.get_backend("naive")):
    name = "never cropping"

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        crops = any(min(pair) < 0 for pair in geometry.padding)
        return Refusal("CROPS", f"{geometry.padding}") if crops else None


@pytest.mark.parametrize("extent", [1, 2])
@pytest.mark.parametrize("stride", [2, 3, 5])
@pytest.mark.parametrize("padding", [(0, 0), (3, 4), (7, 1)])
@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_slabs_of_float16_ask_for_nothing_that_the_problem_does_not(extent, stride, padding, rows):
    """Between receptive fields below the stride lie rows that no output reads."""
    geometry = convcore.Geometry.of(
        (1, 1, 16, 1), (1, 1, extent, 1), stride=(stride, 1), padding=(padding, (0, 0))
    )
    rng = np.random.default_rng(0)
    gradient = rng.integers(-4, 5, geometry.output_shape).astype("float16")
    weight = rng.integers(-4, 5, geometry.weight_shape).astype("float16")
    bytes_per_row = 4 * (16 + geometry.output_extents[0]) / 16
    with convcore.options(max_workspace=int(rows * bytes_per_row)):
        given, expected = (
            convcore.conv_grad_input(
                gradient.astype(dtype),
                weight.astype(dtype),
                geometry.input_shape,
                stride=geometry.stride,
                padding=geometry.padding,
                backend=NeverCropping,
            )
            for dtype in ("float16", "float64")
        )
    np.testing.assert_array_equal(given, expected)
