"""The checks of large problems catch what only many blocks, or common data, show."""

import numpy as np
from mutants import TapConvolution, caught_by_checks_of, require_caught

from convcore.testing import Case
from convcore.testing.catalogue.problems import ALONE
from convcore.testing.checks import large


@caught_by_checks_of(large)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


def test_the_last_channels_are_a_part_of_the_result():
    """Of the last group and the last sample; the weight gradient sums over all samples."""
    p = ALONE["2d+everything"].geometry
    for operation in ("forward", "grad_input", "grad_weight"):
        case = Case(TapConvolution, p, "float64", operation)
        small, place, first, second = large._last_channels(case)
        got = TapConvolution(small, "float64")
        want = case.call()[place]
        np.testing.assert_array_equal(getattr(got, operation)(first, second), want)
