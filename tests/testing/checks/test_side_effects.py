"""The checks of manners catch those who have none."""

from __future__ import annotations

import ctypes
import sys

import pytest
from mutants import TapConvolution, caught_by_checks_of, require_caught

from convcore.testing import check_backend
from convcore.testing.checks import side_effects


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes puts from libc")
def test_what_compiled_code_prints_is_noticed():
    class Puts(TapConvolution):
        def _forward(self, input, weight, output):
            ctypes.CDLL(None).puts(b"computing")
            super()._forward(input, weight, output)

    report = check_backend(Puts, profile="quick", checks=["quiet"])
    assert "must print nothing; got 'computing" in str(report)


@caught_by_checks_of(side_effects)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)
