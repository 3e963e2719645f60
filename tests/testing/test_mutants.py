"""The base of all mutants is right, and each mutant is met by the tests of its check."""

from pathlib import Path

import pytest
from mutants import MUTANTS, TapConvolution, home
from mutants.variants import VariedConvolution

from convcore.testing import CHECKS, check_backend

HERE = Path(__file__).parent
# Each with the checks that its mutants are met by.
BASES = {
    TapConvolution: CHECKS,
    VariedConvolution: {
        check for mutant, check in MUTANTS if issubclass(mutant, VariedConvolution)
    },
}


@pytest.mark.parametrize("base", BASES)
def test_the_base_of_all_mutants_is_right(base):
    report = check_backend(base, profile="quick", checks=sorted(BASES[base]))
    assert report.ok, str(report)


def test_there_are_enough_mutants():
    assert len(MUTANTS) >= 150
    assert len({mutant.__name__ for mutant, _ in MUTANTS}) == len(MUTANTS)
    assert {check for _, check in MUTANTS} <= set(CHECKS)


def test_every_mutant_is_met_by_the_tests_of_its_check():
    """tests/testing/checks/test_X.py runs the mutants of the checks of X."""
    for module in {home(check) for _, check in MUTANTS}:
        source = (HERE / "checks" / f"test_{module}.py").read_text(encoding="utf-8")
        assert f"@caught_by_checks_of({module})" in source
