"""Which backend runs: precedence, names and lists, ranking, and options that filter."""

from __future__ import annotations

import numpy as np
import pytest
from asking import SHAPES, chosen, ran, rows
from fakes import backend_class, counting_class

import convcore
from convcore import registry
from convcore.planning import Measured, Question, wisdom
from convcore.plugin import OPERATIONS, Refusal

pytestmark = pytest.mark.usefixtures("isolated")

NO = Refusal("TOO_EASY", "the problem is too easy")


def pulled():
    return convcore.conv_vjp(np.ones(SHAPES[0]), np.ones(SHAPES[1]))


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


class TestBuilding:
    """A plan is built when its turn comes, and nobody is asked what nobody needs to know."""

    @pytest.fixture
    def log(self):
        return []

    @pytest.fixture
    def counted(self, log):
        """A function that registers a backend which notes what it is asked."""
        return lambda name, **answers: convcore.register_backend(
            counting_class(name, log, **answers)
        )

    def test_only_the_best_is_built_by_a_call_and_all_by_an_explanation(self, counted, log):
        counted("first", seconds=1e-12)
        counted("second", seconds=2e-12)
        assert ran() == 7
        assert log == ["first estimate", "second estimate", "first built"]
        log.clear()
        convcore.plan(*SHAPES, dtype="float64", operation="grad_input")
        assert [entry for entry in log if "built" in entry] == ["first built"]
        log.clear()
        found = convcore.explain(*SHAPES)
        assert found.chosen == "first"
        assert [entry for entry in log if "built" in entry] == ["first built", "second built"]

    def test_a_constructor_that_declines_lets_the_next_one_run(self, counted, log):
        counted("first", seconds=1e-12, built=convcore.UnsupportedError("not today"))
        counted("second", seconds=2e-12, value=5)
        counted("third", seconds=3e-12)
        assert ran() == 5
        assert [entry for entry in log if "built" in entry] == ["first built", "second built"]
        row = rows()["first"]
        assert (row.status, row.code, row.text) == ("refused", "UNSUPPORTED", "not today")

    def test_a_constructor_that_fails_is_told_and_passed_over(self, counted, log):
        counted("first", seconds=1e-12, built=ZeroDivisionError("oops"))
        counted("second", seconds=2e-12, value=5)
        told = "backend 'first' raised ZeroDivisionError instead of answering: oops"
        with pytest.warns(RuntimeWarning, match=told):
            assert ran() == 5

    def test_the_workspace_is_asked_for_under_a_limit_only(self, counted, log):
        counted("first", seconds=1e-12, workspace=1001)
        counted("second", seconds=2e-12, value=5, workspace=1000)
        assert ran() == 7
        assert not [entry for entry in log if "workspace" in entry]
        with convcore.options(max_workspace=1000):
            assert ran() == 5
        assert [entry for entry in log if "workspace" in entry] == [
            "first workspace",
            "second workspace",
        ]

    def test_who_is_named_is_not_asked_how_long_it_takes(self, counted, log):
        counted("first", seconds=1e-12)
        assert ran("first") == 7
        assert ran(["first", "naive"]) == 7
        assert log == ["first built"] * 2
        assert rows(backend="first")["first"].seconds == 1e-12

    def test_an_empty_problem_asks_nobody_how_long_it_takes(self, counted, log):
        counted("first", seconds=ZeroDivisionError("oops"))
        assert convcore.conv(np.ones((0, 1, 5)), np.ones((1, 1, 3))).shape == (0, 1, 3)
        assert not [entry for entry in log if "estimate" in entry]


class TestMeasured:
    """Wisdom that somebody made up: it moves no choice beyond what is admitted."""

    @pytest.fixture
    def known(self, wisdom_file):
        def keep(backend, **variants):
            question = Question.now(convcore.Geometry.of(*SHAPES), np.dtype("float64"), "forward")
            at = "2026-12-01T06:12:23+00:00"
            wisdom.keep(question, Measured(backend, variants, 1e-6, {"x": 1e-6}, "x", True, at))
            with convcore.options(planning="measure"):
                return convcore.plan(*SHAPES, dtype="float64", operation="forward")

        return keep

    def test_it_comes_first(self, known):
        assert known("naive").name == "naive"
        assert known("im2col").name == "im2col"

    @pytest.mark.parametrize("name", ["nosuch", "torch", "winograd", "__import__('os')"])
    def test_who_cannot_or_may_not_run_is_passed_over(self, known, name):
        usual = convcore.plan(*SHAPES, dtype="float64", operation="forward").name
        assert known(name).name == usual

    def test_a_variant_that_is_not_listed_is_left_to_the_backend(self, known, timed):
        timed("many", 1e-3, variants={"small": 1e-3})
        assert known("many", forward="small").describe("forward") == "small"
        assert known("many", forward="nosuch").describe("forward") == "default"
        assert known("many", grad_input="small")._variants == {"grad_input": "small"}
        assert known("naive", forward="small")._variants is None
