"""Every check of every backend as a test with its own id."""

from __future__ import annotations

import pytest
from mutants import TapConvolution
from mutants.numbers import FlipsKernel

from convcore.testing import CHECKS, parametrize_with_checks


def test_the_pytest_door_gives_each_check_an_id():
    mark = parametrize_with_checks(["naive", TapConvolution]).mark
    assert mark.args[0] == "check"
    assert mark.kwargs["ids"][:2] == ["naive-declaration", "naive-signatures"]
    assert len(mark.args[1]) == 2 * len(CHECKS)
    with pytest.raises(ValueError, match=r"expected_failures: must name a check; got 'nonsense'"):
        parametrize_with_checks(["naive"], expected_failures={"nonsense": "gone"})


def test_the_pytest_door_passes_skips_fails_and_expects():
    reasons = {"exact_integers": "known"}
    marks = parametrize_with_checks([FlipsKernel], expected_failures=reasons)
    bound = {check.name: check for check in marks.mark.args[1]}
    bound["result_type"]()
    with pytest.raises(pytest.xfail.Exception, match="known"):
        bound["exact_integers"]()
    with pytest.raises(pytest.fail.Exception, match=r"error is .* bounds"):
        bound["error_bound"]()
    with pytest.raises(pytest.skip.Exception, match="FlipsKernel-undeclared_is_refused: 1 x every"):
        bound["undeclared_is_refused"]()
