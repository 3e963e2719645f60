"""The checks of resident memory catch what is kept out of sight."""

import numpy as np
import pytest
from mutants import caught_by_checks_of, require_caught
from mutants.leaks import KeepsResultsInC

from convcore.testing import NotApplicable
from convcore.testing.checks import resident


@caught_by_checks_of(resident)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


def test_memory_that_is_touched_is_resident_until_it_is_dropped():
    before = resident.resident_bytes()
    held = np.ones(64 << 20, np.uint8)
    assert resident.resident_bytes() - before >= held.nbytes // 2
    del held
    assert resident.resident_bytes() - before < 32 << 20


def test_what_is_kept_shows_where_much_memory_was_free():
    held = [np.ones(16_000 + 7 * number, np.uint8) for number in range(3000)]
    between = held[::7]
    del held
    require_caught(KeepsResultsInC, "memory_of_calls")
    assert between


def test_what_grows_once_is_no_leak(monkeypatch):
    readings = iter([0, 1 << 30, 1 << 30])
    monkeypatch.setattr(resident, "resident_bytes", lambda: next(readings, 1 << 30))
    resident._require_flat(lambda: None, 4, "calls")


def test_what_cannot_be_read_is_not_judged(monkeypatch):
    monkeypatch.setattr(resident, "resource", None)
    with pytest.raises(NotApplicable):
        resident.resident_bytes()
