"""The checks of plans catch estimates, attributes and copies that are wrong."""

from mutants import TapConvolution, caught_by_checks_of, require_caught

from convcore.testing.checks import plans


@caught_by_checks_of(plans)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


def test_only_what_an_import_reaches_can_be_pickled():
    class Local(TapConvolution):
        pass

    assert plans.importable(TapConvolution)
    assert not plans.importable(Local)
