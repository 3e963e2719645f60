"""The check of magnitude catches what loses huge or tiny numbers."""

from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import magnitude


@caught_by_checks_of(magnitude)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)
