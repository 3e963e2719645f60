"""Random problems: from a seed, and only for information."""

from __future__ import annotations

import pytest
from kit import few
from mutants import TapConvolution
from mutants.numbers import FlipsKernel

from convcore.testing import check_backend


def test_random_problems_add_and_do_not_decide():
    report = few(TapConvolution, random=20)
    assert report.ok
    assert [result.cases for result in report.random] == [60, 60]
    assert f"seed {report.seed}: 0 failed" in str(report)
    again = check_backend(FlipsKernel, checks=["declaration"], random=20, seed=report.seed)
    assert again.ok
    assert again.seed == report.seed
    assert [result.status for result in again.random] == ["failed", "failed"]
    assert "random exact_integers" in str(again)
    with pytest.raises(AssertionError):
        exec(again.random[0].failure.reproduce, {})
