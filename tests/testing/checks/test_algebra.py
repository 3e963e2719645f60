"""The checks of related problems catch what is right alone and wrong beside another."""

import numpy as np
import pytest
from mutants import TapConvolution, caught_by_checks_of, require_caught

from convcore.testing import Case, CheckFailure
from convcore.testing.catalogue.problems import ALONE
from convcore.testing.checks import algebra


@caught_by_checks_of(algebra)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


def test_every_nth_is_an_index_of_the_spatial_axes():
    array = np.arange(24).reshape(1, 2, 3, 4)
    assert array[algebra.every_nth((2, 3))].tolist() == [[[[0, 3], [8, 11]], [[12, 15], [20, 23]]]]


def test_problems_are_chosen_by_what_they_are():
    cases = list(algebra.where(lambda p: p.groups > 1)(TapConvolution, "quick"))
    assert cases
    assert all(case.geometry.groups > 1 for case in cases)


def test_inner_products_that_disagree_are_told():
    with pytest.raises(CheckFailure, match="inner products: must agree; got 1j and 2j"):
        algebra._agree((1j, 0.1), (2j, 0.2))
    assert algebra._agree((1j, 1.0), (2j, 1.0)) == 0.5


def test_halves_of_whole_numbers_are_whole():
    case = Case(TapConvolution, ALONE["1d"].geometry, "complex64", "forward")
    halves = algebra._halved(case.operands()[0])
    assert (halves == np.trunc(halves.real) + 1j * np.trunc(halves.imag)).all()
