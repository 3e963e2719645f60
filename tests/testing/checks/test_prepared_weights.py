"""The checks of prepared weights catch what serves another plan, or only once."""

from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import prepared_weights


@caught_by_checks_of(prepared_weights)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)
