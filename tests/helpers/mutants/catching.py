"""How a mutant is held against the check that must catch it, check module by check module."""

import re

import pytest

from convcore.testing import CHECKS, check_backend
from convcore.testing.checks.threads import has_gil

from .base import MUTANTS


def home(check):
    """The module of a check, by its last name."""
    return CHECKS[check].body.__module__.rpartition(".")[2]


def caught_by_checks_of(module):
    """Decorator that runs a test for every mutant that a check of `module` must catch."""
    name = module.__name__.rpartition(".")[2]
    found = [(mutant, check) for mutant, check in MUTANTS if home(check) == name]
    return pytest.mark.parametrize(
        ("mutant", "check"), found, ids=[mutant.__name__ for mutant, _ in found]
    )


def require_caught(mutant, check):
    """In the quick profile, by the check that is about it, which is all of it that runs here."""
    if check == "releases_gil" and not has_gil():
        pytest.skip("no mutant can hold a GIL that is not there")
    # Threads meet by chance: where other programs keep the processors busy, not every time.
    for _ in range(5 if check == "concurrent_calls" else 1):
        report = check_backend(mutant, profile="quick", checks=[check], stop_at_first=True)
        if not report.ok:
            break
    assert not report.ok
    assert [result.check for result in report.failed] == [check]
    failure = report.failed[0].failure
    assert failure.reproduce
    # Broken as it was meant to be, and not by a slip in the mutant itself.
    assert not re.match(r"raised (Name|Attribute|Import|Unbound)", failure.message)
