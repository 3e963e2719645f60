"""The checks of the automatic choice catch what no repair can see."""

from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import automatic


@caught_by_checks_of(automatic)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)
