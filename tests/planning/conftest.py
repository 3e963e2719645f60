"""What the tests of the choice share."""

from functools import partial

import pytest
from timed import Clock, timed_class

from convcore.planning import measurement
from convcore.planning.race import race


@pytest.fixture
def four(register):
    """Backends 1 to 4, which run only by name and fill results with their number."""
    for number in range(1, 5):
        register(f"b{number}", value=number, automatic=False)


@pytest.fixture
def clock(monkeypatch, nothing_known):
    """The clock of races; time passes only where backends say so."""
    clock = Clock()
    monkeypatch.setattr(measurement, "race", partial(race, clock=clock))
    return clock


@pytest.fixture
def timed(clock, registered):
    """A function that registers a backend which takes so many seconds by `clock`."""

    def register(name, takes, **options):
        registered(timed_class(name, clock, takes, **options))

    return register
