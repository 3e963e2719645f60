"""The checks of threads catch races, bits that change, and a GIL that is held."""

import threading
import time
from dataclasses import replace

import pytest
from mutants import caught_by_checks_of, require_caught
from mutants.base import TapConvolution

from convcore.testing import CheckFailure, check_backend
from convcore.testing.checks import threads


@caught_by_checks_of(threads)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


def test_all_calls_run_at_once():
    barrier = threading.Barrier(3)
    assert sorted(threads.at_once([barrier.wait] * 3)) == [0, 1, 2]


def test_an_exception_in_a_thread_is_a_failure():
    with pytest.raises(CheckFailure, match=r"one of 2 threads raised ZeroDivisionError"):
        threads.at_once([lambda: 1 / 0, lambda: None])


def test_callers_that_wait_for_ever_are_given_up(monkeypatch):
    monkeypatch.setattr(threads, "PATIENCE_SECONDS", 0.05)
    stuck = threading.Event()
    with pytest.raises(CheckFailure, match="2 threads at once are stuck"):
        threads.at_once([stuck.wait, lambda: None])
    stuck.set()


def test_a_call_that_sleeps_lets_others_run():
    stall, seconds = threads.longest_stall(lambda: time.sleep(0.1))
    assert 0 < stall <= seconds
    assert seconds >= 0.1


@pytest.mark.parametrize(
    "said", [{"batch_invariant": True}, {"capabilities": ("batch_invariant",)}]
)
def test_a_sample_that_keeps_its_bits_passes(said):
    class Steady(TapConvolution):
        name = "steady"
        declaration = replace(TapConvolution.declaration, **said)

    report = check_backend(Steady, profile="quick", checks=["declaration", "batch_invariance"])
    assert report.ok, str(report)
    (result,) = (each for each in report.results if each.check == "batch_invariance")
    assert result.cases > 10
