"""Measured planning: who is timed, what wins, and that it is done once."""

from __future__ import annotations

import json
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np
import pytest
from asking import SHAPES
from timed import measured_plan, timed_class

import convcore
from convcore.planning import Question, current_wisdom, measure, measurement
from convcore.planning.candidate import USUAL_BATCH
from convcore.planning.measurement import FACTOR, TIE
from convcore.planning.race import ROUNDS, Timing

X, W = (np.ones(shape, "float32") for shape in SHAPES)


def question(operation="forward", dtype="float32", shapes=SHAPES, **options):
    with convcore.options(**options):
        geometry = convcore.Geometry.of(*shapes)
        return Question.now(geometry, np.dtype(dtype), operation)


def test_the_fastest_runs_whatever_was_expected(timed):
    timed("slow", 2e-3, expects=1e-12)
    timed("fast", 1e-3, expects=2e-12)
    assert convcore.plan(*SHAPES, operation="forward").name == "slow"
    assert measured_plan(*SHAPES).name == "fast"
    with convcore.options(planning="measure"):
        assert convcore.conv(X, W).flat[0] == 3
        assert convcore.explain(*SHAPES).chosen == "fast"


@pytest.mark.parametrize(("gain", "winner"), [(0.8 * TIE, "first"), (1.5 * TIE, "second")])
def test_a_tie_goes_to_the_estimate(timed, gain, winner):
    timed("first", 1e-3, expects=1e-12)
    timed("second", 1e-3 / (1 + gain), expects=2e-12)
    assert measured_plan(*SHAPES).name == winner


def test_only_what_is_expected_within_a_factor_is_timed(timed):
    log = []
    timed("first", 3e-3, expects=1e-12, log=log)
    timed("near", 2e-3, expects=0.9 * FACTOR * 1e-12, log=log)
    timed("far", 1e-3, expects=1.1 * FACTOR * 1e-12, log=log)
    timed("unknown", 1e-3, expects=None, log=log)
    assert measured_plan(*SHAPES).name == "near"
    assert {name for name, _ in log} == {"first", "near"}


def test_what_the_options_keep_out_is_not_timed(timed):
    log = []
    timed("first", 2e-3, deterministic="any_threads", log=log)
    timed("loose", 1e-3, expects=2e-12, deterministic="fixed_threads", log=log)
    for deterministic in (True, "batch"):
        assert measure(question(deterministic=deterministic)) is None
    assert log == []
    assert measure(question()).backend == "loose"


def test_variants_take_part(timed):
    timed("other", 4e-3, expects=2e-12)
    timed("many", 3e-3, variants={"small": 1e-3, "large": 2e-3})
    plan = measured_plan(*SHAPES)
    assert (plan.name, plan.describe("forward")) == ("many", "small")
    assert convcore.plan(*SHAPES, operation="forward").describe("forward") == "default"


def test_the_best_variant_of_a_backend_beats_another_one(timed):
    timed("other", 2e-3, expects=1e-12)
    timed("many", 3e-3, expects=2e-12, variants={"small": 1e-3})
    found = measure(question())
    assert (found.backend, found.variants) == ("many", {"forward": "small"})
    assert (found.estimate, found.seconds) == (
        "other",
        pytest.approx({"other": 2e-3, "many": 3e-3}),
    )
    assert found.gain == pytest.approx(2)


@pytest.mark.parametrize("deterministic", [True, "batch"])
def test_no_variant_is_tried_where_bits_have_to_stay(timed, deterministic):
    log = []
    invariant = {"deterministic": "any_threads", "log": log}
    timed("many", 3e-3, variants={"small": 1e-3}, **invariant)
    timed("other", 2e-3, expects=2e-12, **invariant)
    found = measure(question(deterministic=deterministic))
    assert (found.backend, found.variants) == ("other", {})
    assert ("many", "small") not in log


def test_a_batch_is_decided_by_one_sample(timed):
    timed("first", 2e-3, deterministic="any_threads")
    timed("second", 1e-3, expects=2e-12, deterministic="any_threads")
    with convcore.options(planning="measure", deterministic="batch"):
        names = {convcore.plan((n, 1, 5), SHAPES[1], operation="forward").name for n in (1, 2, 7)}
    assert names == {"second"}
    alone = question(deterministic="batch")
    several = question(shapes=((7, 1, 5), SHAPES[1]), deterministic="batch")
    assert measure(several) == measure(alone)


def test_who_takes_batches_together_is_timed_for_several_samples(timed):
    every = {"deterministic": "any_threads"}
    timed("alone", 1e-3, **every)
    timed("together", 4e-3, expects=2e-12 * USUAL_BATCH, batch_invariant=True, **every)
    found = measure(question(deterministic="batch"))
    assert (found.backend, found.estimate) == ("together", "alone")
    assert found.seconds == pytest.approx({"alone": 1e-3, "together": 4e-3 / USUAL_BATCH})


@pytest.mark.parametrize("deterministic", [True, "batch"])
def test_threads_do_not_decide_where_bits_must_not_depend_on_them(timed, deterministic):
    every = {"deterministic": "any_threads"}
    timed("first", 2e-3, **every)
    timed("second", 1e-3, expects=2e-12, **every)
    found = [measure(question(deterministic=deterministic, threads=n)) for n in (1, 2, 3)]
    assert found == found[:1] * 3
    assert json.loads(current_wisdom()._own.popitem()[1])["threads"] == 1


def test_a_plan_for_all_three_is_measured_for_their_sum(timed):
    log = []
    timed("first", 2e-3, log=log)
    timed("second", 1e-3, expects=2e-12, log=log)
    found = measure(question(None))
    assert (found.backend, found.best) == ("second", pytest.approx(3e-3))


@pytest.mark.parametrize(
    ("dtype", "arguments"),
    [
        ("float16", {}),
        ("float64", {}),
        ("float32", {"layout": "NWC", "weight_layout": "WIO"}),
        ("complex64", {}),
        ("int16", {}),
    ],
)
def test_every_form_of_a_problem_is_measured(timed, dtype, arguments):
    dtypes = ("float32", "float64", "complex64", "int16")
    timed("first", 2e-3, dtypes=dtypes)
    timed("second", 1e-3, expects=2e-12, dtypes=dtypes)
    shapes = ((1, 5, 1), (3, 1, 1)) if arguments else SHAPES
    assert measured_plan(*shapes, dtype=dtype, **arguments).name == "second"
    x, w = (np.ones(shape, dtype) for shape in shapes)
    with convcore.options(planning="measure"):
        assert (convcore.conv(x, w, **arguments) == 3).all()


def test_it_is_measured_once_by_many_threads(timed):
    log = []
    timed("first", 2e-3, log=log)
    timed("second", 1.5e-3, expects=2e-12, log=log)
    barrier = threading.Barrier(8)

    def task(_):
        barrier.wait()
        return measure(question())

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(task, range(8)))
    assert found == found[:1] * 8
    assert len(log) == 4 * (ROUNDS + 1)
    measured_plan(*SHAPES)
    assert len(log) == 4 * (ROUNDS + 1)


def test_planning_is_chosen_by_each_thread(timed):
    timed("first", 2e-3)
    timed("second", 1e-3, expects=2e-12)

    def task(planning):
        with convcore.options(planning=planning):
            return convcore.plan(*SHAPES, operation="forward").name

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(task, ["measure", "estimate"] * 4)) == ["second", "first"] * 4


def test_a_busy_machine_moves_no_choice(timed):
    timed("first", (2e-3 * 1.5**number for number in count()))
    timed("second", 1e-3, expects=2e-12)
    found = measure(question())
    assert (found.backend, found.settled, found.gain) == ("first", False, 1.0)
    assert measured_plan(*SHAPES).name == "first"


def test_the_luckiest_of_many_has_to_win_alone_as_well(timed, monkeypatch):
    fields = []

    def lucky(runs):
        fields.append(len(runs))
        best = [2e-3, 1e-3, 3e-3] if len(runs) == 3 else [2e-3, 2.1e-3]
        return [Timing(seconds, seconds) for seconds in best]

    for number, name in enumerate(("first", "lucky", "third"), start=1):
        timed(name, 1e-3, expects=number * 1e-12)
    monkeypatch.setattr(measurement, "race", lucky)
    assert measure(question()).backend == "first"
    assert fields == [3, 2]


def test_who_fails_while_it_is_timed_is_told_and_left_out(timed):
    timed("first", 1e-3)
    timed("failing", MemoryError("no room"), expects=2e-12)
    with pytest.warns(RuntimeWarning, match="'failing' raised MemoryError while it was measured"):
        found = measure(question())
    assert (found.backend, list(found.seconds)) == ("first", ["first"])


def test_a_plugin_that_fails_to_list_its_variants_hurts_nobody(timed, clock, registered):
    class Faulty(timed_class("faulty", clock, 2e-3, variants={"small": 1e-3})):
        @classmethod
        def variants(cls, *problem, **limits):
            raise KeyError("variants")

    Faulty.name = "faulty"
    registered(Faulty)
    timed("second", 1e-3, expects=2e-12)
    with pytest.warns(RuntimeWarning, match="backend 'faulty' raised KeyError: 'variants'"):
        assert measure(question()).backend == "second"


def test_nothing_is_kept_where_the_first_fails(timed):
    timed("failing", MemoryError("no room"))
    timed("second", 1e-3, expects=2e-12)
    with pytest.warns(RuntimeWarning, match="'failing' raised"):
        assert measure(question()) is None


def test_what_has_no_rival_is_not_timed(timed):
    log = []
    timed("only", 1e-3, log=log)
    assert measure(question()) is None
    assert log == []
    assert measured_plan(*SHAPES).name == "only"


def test_what_is_empty_or_too_large_is_not_measured(timed, monkeypatch):
    log = []
    timed("first", 2e-3, log=log)
    timed("second", 1e-3, expects=2e-12, log=log)
    assert measure(question(shapes=((0, 1, 5), SHAPES[1]))) is None
    monkeypatch.setattr(measurement, "MOST_BYTES", 10)
    assert measure(question()) is None
    assert log == []


def test_it_is_measured_again_where_that_is_asked(timed):
    timed("first", 2e-3)
    times = iter([3e-3] * 100 + [1e-3] * 1000)
    timed("second", times, expects=2e-12)
    assert measure(question()).backend == "first"
    for _ in range(80):
        next(times)
    assert measure(question(), again=True).backend == "second"
    assert measure(question()).backend == "second"


def test_a_backend_that_came_later_is_measured_too(timed):
    timed("first", 2e-3)
    timed("second", 1e-3, expects=2e-12)
    assert measure(question()).backend == "second"
    timed("third", 0.5e-3, expects=3e-12)
    assert measure(question()).backend == "third"


def test_options_are_part_of_what_is_measured(timed):
    log = []
    timed("first", 2e-3, log=log)
    timed("second", 1e-3, expects=2e-12, log=log)
    for options in ({"threads": 1}, {"threads": 2}, {"max_workspace": 99}, {"accuracy": "strict"}):
        log.clear()
        assert measure(question(**options)).backend == "second"
        assert log


def test_results_are_repaired_as_in_the_automatic_choice(timed):
    timed("first", 2e-3)
    timed("second", 1e-3, expects=2e-12, nonfinite="spreads")
    assert measured_plan(*SHAPES)._repair is not None


def test_a_backend_by_name_is_not_measured(timed, clock):
    log = []
    own = timed_class("own", clock, 1e-3, log=log, variants={"small": 1e-4})
    assert measured_plan(*SHAPES, backend=own).describe("forward") == "default"
    assert log == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_of_fork_measures_while_the_parent_does(timed):
    timed("first", 2e-3)
    timed("second", 1e-3, expects=2e-12)
    with measurement._turn:
        child = os.fork()
        if child == 0:
            found = measure(question())
            os._exit(0 if found.backend == "second" else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_times_are_finite_and_dated(timed):
    timed("first", 2e-3)
    timed("second", 1e-3, expects=2e-12)
    found = measure(question())
    assert all(0 < time < math.inf for time in (found.best, *found.seconds.values()))
    assert str(found).startswith("measured 2")
    assert str(found).endswith("UTC: second")
