"""What options and declarations keep out of the automatic choice, and plugins that fail."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from asking import SHAPES, chosen, ran, rows
from fakes import backend_class

import convcore
from convcore.planning import Question
from convcore.planning.candidate import Candidate, built, candidate_for_class
from convcore.plugin import OPERATIONS

pytestmark = pytest.mark.usefixtures("isolated")


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

    @pytest.mark.parametrize("wanted", [True, "batch"])
    def test_threads_do_not_decide_who_runs_where_bits_must_not_depend_on_them(
        self, registered, wanted
    ):
        class OnManyThreads(backend_class("many", deterministic="any_threads")):
            @classmethod
            def estimate(cls, geometry, dtype, operation, *, threads):
                return 0.0 if threads > 1 else 1.0

        registered(OnManyThreads)
        with convcore.options(threads=4):
            assert chosen() == "many"
            with convcore.options(deterministic=wanted):
                assert chosen() != "many"

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


GEOMETRY = convcore.Geometry.of(*SHAPES)


def question(operation="forward"):
    return Question.now(GEOMETRY, np.dtype("float32"), operation)


def test_ranks_are_seconds_then_names_and_unknown_ones_last():
    found = [Candidate("b", seconds=1.0), Candidate("a", seconds=1.0), Candidate("c")]
    found += [Candidate("d", seconds=0.5), Candidate("e", seconds=0.0)]
    assert [c.name for c in sorted(found, key=lambda c: c.rank)] == ["e", "d", "a", "b", "c"]


def test_a_candidate_is_asked_then_estimated_then_built():
    backend = backend_class("fake", seconds=2.0, workspace=7)
    asked = candidate_for_class("fake", backend, backend, question())
    assert (asked.backend, asked.seconds, asked.plan, asked.refusal) == (backend, None, None, None)
    told = candidate_for_class("fake", backend, backend, question(), estimate=True)
    assert (told.seconds, told.plan) == (2.0, None)
    ready = built(told, question(), workspace=True)
    assert (type(ready.plan), ready.workspace, ready.seconds) == (backend, 7, 2.0)
    assert built(told, question()).workspace is None


def test_one_refused_operation_refuses_the_candidate():
    text = convcore.Refusal("MOOD", "not backwards")
    backend = backend_class("fake", refusal={"forward": None, "grad_input": text, None: None})
    assert candidate_for_class("fake", backend, backend, question()).refusal is None
    for operation in ("grad_input", None):
        asked = question(operation)
        found = candidate_for_class("fake", backend, backend, asked, estimate=True)
        assert (found.refusal, found.backend, found.seconds) == (text, None, None)


def test_a_refusal_takes_the_plan_away():
    backend = backend_class("fake")
    ready = built(candidate_for_class("fake", backend, backend, question()), question())
    refused = ready.refused(convcore.Refusal("MOOD", "no more"))
    assert (refused.name, refused.backend, refused.plan) == ("fake", None, None)
