"""The check of variants catches names that are wrong, and results that are."""

import pytest
from mutants import TapConvolution, caught_by_checks_of, require_caught
from mutants.variants import NAMES, VariedConvolution

from convcore.testing import Case, check_backend, run_check
from convcore.testing.catalogue.problems import ALONE
from convcore.testing.checks import variants
from convcore.testing.checks.variants import NOBODY


@caught_by_checks_of(variants)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


@pytest.mark.parametrize("backend", [TapConvolution, VariedConvolution])
def test_one_way_and_several_are_right(backend):
    report = check_backend(backend, profile="quick", checks=["variants"])
    assert report.ok, str(report)


def test_every_listed_name_is_planned_and_one_that_is_not_listed():
    asked = []

    class Noting(VariedConvolution):
        def __init__(self, *problem, variants=None, **limits):
            asked.append(variants)
            super().__init__(*problem, variants=variants, **limits)

    run_check("variants", Case(Noting, ALONE["1d"].geometry, "float32", "grad_input"))
    names = [wanted["grad_input"] for wanted in asked]
    assert names[0] == NAMES[0]
    assert set(names) == {*NAMES, NOBODY}


def test_a_constructor_without_the_keyword_refuses_too():
    class Older(TapConvolution):
        def __init__(self, geometry, dtype, *, threads=None, max_workspace=None):
            super().__init__(geometry, dtype, threads=threads, max_workspace=max_workspace)

    run_check("variants", Case(Older, ALONE["1d"].geometry, "float32", "forward"))
