"""The kit catches every mutant and names the check; it finds nothing wrong with their base."""

from __future__ import annotations

import os
import re
import warnings

import numpy as np
import pytest
from mutants import MUTANTS, TapConvolution

from convcore.testing import check_backend
from convcore.testing.checks.threads import has_gil


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    """Undo what the mutants of global state do."""
    before = set(os.environ)
    with np.printoptions(), np.errstate(), warnings.catch_warnings():
        yield
    for name in set(os.environ) - before:
        del os.environ[name]


def test_the_base_of_all_mutants_is_right():
    report = check_backend(TapConvolution, profile="quick")
    assert report.ok, str(report)


def test_there_are_enough_mutants():
    assert len(MUTANTS) >= 30
    assert len({mutant.__name__ for mutant, _ in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize(("mutant", "check"), MUTANTS, ids=[m.__name__ for m, _ in MUTANTS])
def test_mutant_is_caught(mutant, check):
    """In the quick profile, by the check that is about it, which is all of it that runs here."""
    if check == "releases_gil" and not has_gil():
        pytest.skip("no mutant can hold a GIL that is not there")
    report = check_backend(mutant, profile="quick", checks=[check], stop_at_first=True)
    assert not report.ok
    assert [result.check for result in report.failed] == [check]
    failure = report.failed[0].failure
    assert failure.reproduce
    # Broken as it was meant to be, and not by a slip in the mutant itself.
    assert not re.match(r"raised (Name|Attribute|Import|Unbound)", failure.message)
