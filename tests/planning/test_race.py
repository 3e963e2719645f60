"""A race: turns, the best of several times, who drops out, and when it ends."""

from __future__ import annotations

from itertools import chain, count, repeat

import pytest
from timed import Clock

from convcore.planning.race import (
    CALLS,
    DROP,
    LEAST_TIME,
    MOST_TIME,
    ROUNDS,
    SAMPLE,
    Timing,
    race,
)


class Run:
    """Takes one time after the other, and counts."""

    def __init__(self, clock, seconds):
        self.clock, self.runs = clock, 0
        self.seconds = repeat(seconds) if isinstance(seconds, float) else seconds

    def __call__(self):
        self.runs += 1
        self.clock.now += next(self.seconds)


def raced(*times):
    clock = Clock()
    runs = [Run(clock, seconds) for seconds in times]
    return race(runs, clock), runs, clock.now


def test_a_time_is_settled_once_it_was_met_twice():
    once = Timing().after(1.0)
    assert not Timing().settled
    assert (once.best, once.settled) == (1.0, False)
    assert once.after(1.05).settled
    assert not once.after(1.5).settled
    assert once.after(1.5).after(0.9) == (0.9, 1.0)


def test_the_best_time_of_each_counts():
    noisy = chain([9e-3, 5e-3], repeat(2e-3, 2), repeat(4e-3))
    timings, runs, _ = raced(noisy, 3e-3)
    assert [timing.best for timing in timings] == pytest.approx([2e-3, 3e-3])
    assert [run.runs for run in runs] == [ROUNDS + 1] * 2


def test_who_is_far_behind_drops_out():
    timings, runs, _ = raced(1e-3, 1.1e-3, (DROP + 0.5) * 1e-3)
    assert [run.runs for run in runs] == [ROUNDS + 1, ROUNDS + 1, 2]
    assert timings[2].best == pytest.approx((DROP + 0.5) * 1e-3)


def test_the_first_stays_until_its_time_is_sure():
    noisy = chain([90e-3, 70e-3, 50e-3], repeat(30e-3))
    timings, _, _ = raced(noisy, 1e-3)
    assert timings[0].best == pytest.approx(30e-3)
    assert timings[0].settled


def test_one_that_is_left_alone_and_sure_ends_it():
    _, runs, _ = raced(1e-3, 9e-3)
    assert [run.runs for run in runs] == [2, 2]


def test_short_calls_are_repeated():
    timings, runs, _ = raced(1e-6, 1.5e-6)
    assert [timing.best for timing in timings] == pytest.approx([1e-6, 1.5e-6])
    assert runs[0].runs > ROUNDS * 0.9 * SAMPLE / 1e-6


@pytest.mark.parametrize("seconds", [1e-4, 1e-2, 0.3, 1.0, 20.0])
def test_it_ends_in_bounded_time_however_noisy(seconds):
    def noisy():
        return (seconds * 2 / (number + 1) + seconds for number in count())

    rivals = [noisy() for _ in range(6)]
    _, runs, total = raced(*rivals)
    limit = min(max(LEAST_TIME, CALLS * 3 * seconds), MOST_TIME)
    assert total <= limit + 6 * 3 * seconds + 6 * 3 * SAMPLE
    assert runs[0].runs >= 1


def test_what_there_is_no_time_for_is_not_run():
    timings, runs, _ = raced(40.0, 1.0)
    assert (timings[1], runs[1].runs) == (Timing(), 0)
    assert timings[0].best == 40.0


@pytest.mark.parametrize("place", [0, 1])
def test_who_fails_is_out(place):
    clock, runs = Clock(), []
    runs = [Run(clock, 1e-3), Run(clock, 1.1e-3)]
    runs.insert(place, lambda: False)
    timings = race(runs, clock)
    assert timings.pop(place) == Timing()
    assert [timing.best for timing in timings] == pytest.approx([1e-3, 1.1e-3])


def test_it_ends_where_all_fail():
    assert race([lambda: False] * 3, Clock()) == [Timing()] * 3
