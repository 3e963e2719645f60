"""The checks of copies catch what NumPy would have copied otherwise."""

from mutants import caught_by_checks_of, require_caught

from convcore.testing.checks import copies


@caught_by_checks_of(copies)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)
