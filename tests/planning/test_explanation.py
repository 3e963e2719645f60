"""`explain`: every status, in agreement with what runs, as data and as text."""

from __future__ import annotations

import json

import numpy as np
import pytest
from asking import SHAPES, rows
from fakes import backend_class

import convcore
from convcore.plugin import Refusal

pytestmark = pytest.mark.usefixtures("isolated")

NO = Refusal("TOO_EASY", "the problem is too easy")


def test_it_agrees_with_what_runs_and_runs_nothing(register):
    register("never", value=AssertionError("it ran"), seconds=0.0)
    assert convcore.explain(*SHAPES).chosen == "never"
    with pytest.raises(AssertionError, match="it ran"):
        convcore.plan(*SHAPES, backend=None).forward(*map(np.ones, SHAPES, ["float32"] * 2))


def test_each_backend_is_asked_once(register):
    asked = []

    class Counting(backend_class("counting", seconds=0.0)):
        name = "counting"

        @classmethod
        def refusal(cls, geometry, dtype, operation=None):
            asked.append(operation)

    convcore.register_backend(Counting)
    convcore.explain(*SHAPES)
    assert asked == ["forward", None]  # the problem, and when it is planned
    asked.clear()
    assert convcore.explain(*SHAPES, backend="naive").chosen == "naive"
    assert asked == ["forward", None]


def test_every_status(register, environment, fake_distribution):
    register("fast", seconds=0.0)
    register("picky", refusal=NO)
    register("shy", automatic=False)
    sources = {"split_plugin": "1 / 0", "lame_plugin": "import not_there"}
    points = {"split": "split_plugin:Fake", "lame": "lame_plugin:Fake"}
    fake_distribution("others", points, sources)
    environment(CONVCORE_BLOCK="im2col")
    with pytest.warns(RuntimeWarning, match="split"):
        found = {row.name: row for row in convcore.explain(*SHAPES).rows}
    told = {name: (row.status, row.code) for name, row in found.items()}
    assert told["fast"] == ("chosen", "")
    assert told["naive"][0].startswith("ranked")
    assert told["picky"] == ("refused", "TOO_EASY")
    assert told["shy"] == ("by name only", "BY_NAME_ONLY")
    assert told["split"] == ("broken", "BROKEN")
    assert told["lame"] == ("unavailable", "UNAVAILABLE")
    assert told["im2col"] == ("blocked", "BLOCKED")
    assert all(row.text for row in found.values() if row.code)


def test_a_plan_tells_how_it_would_do_it(register):
    class Telling(backend_class("telling", seconds=0.0)):
        def describe(self, operation):
            return f"{operation} in one go"

    convcore.register_backend(Telling)
    assert "grad_input in one go" in str(convcore.explain(*SHAPES, operation="grad_input"))
    assert "in one go" not in str(convcore.explain(*SHAPES, operation=None))
    assert "in one go" not in str(convcore.explain((0, *SHAPES[0][1:]), SHAPES[1]))


def test_ranks_count_from_the_chosen_one(register):
    for name, seconds in (("first", 1e-12), ("second", 2e-12), ("third", 3e-12)):
        register(name, seconds=seconds)
    ranks = [row.status for row in convcore.explain(*SHAPES).rows[:3]]
    assert ranks == ["chosen", "ranked 2", "ranked 3"]


def test_a_class_that_nobody_registered_has_a_row():
    local = backend_class("local", value=1, seconds=0.5)
    found = convcore.explain(*SHAPES, backend=local)
    assert (found.chosen, found.source) == ("local", "argument")
    row = next(row for row in found.rows if row.name == "local")
    assert (row.status, row.seconds) == ("chosen", 0.5)


def test_a_named_backend_that_refuses(register):
    register("picky", refusal=NO)
    found = convcore.explain(*SHAPES, backend="picky")
    assert found.chosen is None
    assert "the problem is too easy" in found.error
    assert "nothing runs" in str(found)


def test_as_data_and_as_text(register):
    register("fast", seconds=1.5e-7, workspace=3 << 20)
    found = convcore.explain(*SHAPES, dtype="float64", operation="grad_input")
    data = json.loads(json.dumps(found.to_dict()))
    assert (data["chosen"], data["dtype"], data["operation"]) == (
        "fast",
        "float64",
        "grad_input",
    )
    assert data["geometry"]["kernel_extents"] == [3]
    assert {"name", "status", "seconds", "workspace", "code", "text"} == set(data["rows"][0])
    lines = str(found).splitlines()
    assert lines[0] == (
        "grad_input of (1, 1, 5) with (1, 1, 3), float64: 'fast' runs; decided by automatic choice"
    )
    line = next(line for line in lines if line.startswith("fast "))
    assert line.split()[1] == "chosen"
    assert "3" in line
    assert "MiB" in line


def test_an_operation_that_is_none():
    with pytest.raises(convcore.OptionError, match="operation: must be one of forward, gra"):
        convcore.explain(*SHAPES, operation="backward")


def test_the_row_of_a_named_backend_knows_what_the_automatic_choice_leaves_out(register):
    register("loose", seconds=0.5, workspace=7, numerics="normwise", automatic=False)
    with convcore.options(accuracy="strict"):
        row = rows(backend="loose")["loose"]
    assert (row.status, row.seconds, row.workspace, row.code) == ("chosen", 0.5, 7, "")
    namesake = backend_class("loose", seconds=0.25, workspace=5)
    found = [row for row in convcore.explain(*SHAPES, backend=namesake).rows if row.name == "loose"]
    assert [(row.status, row.seconds, row.workspace) for row in found] == [("chosen", 0.25, 5)]


@pytest.mark.parametrize("limit", [None, 1 << 20, 300, 0])
@pytest.mark.parametrize("operation", ["forward", "grad_input", "grad_weight", None])
def test_float16_is_explained_as_it_is_planned(operation, limit):
    shapes = (2, 4, 30, 9), (6, 2, 3, 3)
    options = {"dtype": "float16", "groups": 2, "padding": 1, "operation": operation}
    with convcore.options(max_workspace=limit):
        found, plan = convcore.explain(*shapes, **options), convcore.plan(*shapes, **options)
    assert (found.dtype, found.chosen) == ("float16", plan.name)
    assert "float16" in str(found).splitlines()[0]
    assert next(row for row in found.rows if row.name == plan.name).status == "chosen"


def test_the_reasons_of_float16_are_those_of_float32(register):
    register("wide", dtypes=("float64",))
    row = next(row for row in convcore.explain(*SHAPES, dtype="float16").rows if row.name == "wide")
    assert (row.status, row.code, row.text) == (
        "refused",
        "DTYPE",
        "dtype float32 is not one of float64",
    )


def test_who_refuses_only_when_built_stands_behind_those_that_run(register):
    register("quick", seconds=0.0, workspace=2**40)
    register("next", seconds=1e-9)
    with convcore.options(max_workspace=2**20):
        rows = convcore.explain(*SHAPES).rows
    statuses = [row.status for row in rows]
    assert (rows[0].name, statuses[:2]) == ("next", ["chosen", "ranked 2"])
    assert [row.code for row in rows if row.name == "quick"] == ["WORKSPACE"]
    running = [status == "chosen" or status.startswith("ranked") for status in statuses]
    assert running == sorted(running, reverse=True)


def test_what_was_measured_is_shown_and_when(timed):
    timed("first", 2e-3)
    timed("second", 1e-3, expects=2e-12, variants={"small": 0.5e-3})
    assert "measured" not in str(convcore.explain(*SHAPES))
    with convcore.options(planning="measure"):
        assert convcore.explain(*SHAPES).chosen == "first"  # which measures nothing
        convcore.plan(*SHAPES, operation="forward")
        found = convcore.explain(*SHAPES)
    assert (found.chosen, found.measured.backend) == ("second", "second")
    title, columns, _, *lines = str(found).splitlines()
    assert title.endswith("decided by automatic choice; " + str(found.measured))
    assert columns.split() == ["backend", "status", "estimate", "measured", "workspace", "reason"]
    assert lines[0].split()[:6] == ["second", "chosen", "0.00200", "ns", "500", "us"]
    assert lines[0].endswith("small")
    assert lines[1].split()[:3] == ["first", "ranked", "2"]
    data = json.loads(json.dumps(found.to_dict()))
    assert data["measured"]["seconds"] == pytest.approx({"first": 2e-3, "second": 1e-3})


def test_what_was_measured_is_shown_where_the_estimate_decides(timed):
    timed("first", 2e-3)
    timed("second", 1e-3, expects=2e-12)
    with convcore.options(planning="measure"):
        convcore.plan(*SHAPES, operation="forward")
    found = convcore.explain(*SHAPES)
    assert (found.chosen, found.measured.backend) == ("first", "second")
    assert convcore.explain(*SHAPES, backend="naive").measured is None
