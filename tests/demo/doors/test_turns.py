"""Theirs and ours by turns: counted, timed and compared."""

from __future__ import annotations

import numpy as np
import pytest

from convcore.demo.doors import turns
from convcore.demo.doors.turns import Outcome, compared, difference


class Clock:
    """Goes on by what is said to take time."""

    now = 0.0

    def perf_counter(self):
        return self.now


def test_both_run_by_turns_and_the_least_time_counts(monkeypatch):
    clock, order = Clock(), []
    monkeypatch.setattr(turns, "time", clock)
    pauses = {"theirs": iter([0.9, 0.5, 0.7]), "ours": iter([9.0, 0.125, 0.25, 0.0625])}

    def waiting(name, least):
        def run():
            order.append(name)
            clock.now += next(pauses[name])
            return np.array([1.0, least])

        return run

    runs = waiting("theirs", -4.0), waiting("ours", -4.5)
    outcome, result = compared("waiting", *runs, allowed=0.1)
    assert order == ["ours", *["theirs", "ours"] * 3]
    assert outcome == ("waiting", 0.5, pytest.approx(0.0625), 0.125, 0.1)
    assert list(result) == [1.0, -4.5]


def test_what_takes_long_is_timed_once(monkeypatch):
    monkeypatch.setattr(turns, "ENOUGH", 0.0)
    calls = []
    compared("", lambda: calls.append(1) or np.ones(1), lambda: np.ones(1), allowed=0)
    assert len(calls) == 1


def test_differences_are_shares_of_the_largest():
    assert difference(np.array([2, -8]), np.array([2, -7])) == 0.125
    assert difference(np.array([True, False]), np.array([True, True])) == 1
    assert difference(np.zeros(2), np.zeros(2)) == 0
    assert difference(np.zeros(2), np.ones(2)) == 1


@pytest.mark.parametrize(
    ("found", "same"), [(0.0, True), (0.1, True), (0.2, False), (float("nan"), False)]
)
def test_what_counts_as_the_same(found, same):
    assert Outcome("", 1, 1, found, 0.1).is_same is same
