"""The check of the covering arrays catches what is wrong in a corner."""

from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import extremes


@caught_by_checks_of(extremes)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)
