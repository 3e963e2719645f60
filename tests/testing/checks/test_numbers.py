"""The checks of the numbers catch what is wrong by a bit, or by everything."""

from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import numbers


@caught_by_checks_of(numbers)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)
