"""Who is faster: what clearly is, by turns, and with what stands between."""

import pytest

from convcore.adapters import contest


class Clock:
    """Time that passes only where somebody says so."""

    def __init__(self, monkeypatch):
        self.now, self.calls = 0.0, []
        monkeypatch.setattr(contest.time, "perf_counter", lambda: self.now)

    def taking(self, name, *seconds):
        """A function that takes these seconds by turns."""
        turns = iter(seconds * 100)

        def run():
            self.calls.append(name)
            self.now += next(turns)

        return run


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.mark.parametrize(
    ("theirs", "ours", "winner"),
    [(1.0, [0.9], 1), (1.0, [0.95], 0), (1.0, [2.0], 0), (1.0, [0.9, 0.5], 2), (1.0, [0.5, 2], 1)],
)
def test_a_clear_winner_or_all_stays(clock, theirs, ours, winner):
    runs = [clock.taking("ours", seconds) for seconds in ours]
    assert contest.fastest(clock.taking("theirs", theirs), *runs) == winner


def test_the_best_of_several_rounds_counts(clock):
    ours = clock.taking("ours", 9e-3, 1e-3)
    assert contest.fastest(clock.taking("theirs", 5e-3), ours) == 1
    assert clock.calls[:4] == ["theirs", "ours"] * 2


def test_long_ones_run_once(clock):
    contest.fastest(clock.taking("theirs", 10), clock.taking("ours", 20))
    assert clock.calls == ["theirs", "ours"]


def test_short_ones_run_so_often(clock):
    contest.fastest(clock.taking("theirs", 1e-6), clock.taking("ours", 1e-6))
    assert len(clock.calls) == 2 * contest.ROUNDS


def test_what_stands_between_counts_once(clock):
    between = clock.taking("between", 1e-3)
    ours, theirs = clock.taking("ours", 1e-3), clock.taking("theirs", 1.2e-3)
    assert contest.fastest(theirs, ours) == 1
    assert contest.fastest(theirs, ours, between=between) == 1
    assert contest.fastest(clock.taking("theirs", 1.1e-3), ours, between=between) == 0
    assert clock.calls[-3:] == ["between", "ours", "between"]
