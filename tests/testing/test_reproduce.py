"""Failures as text, and code that fails in the same way."""

from __future__ import annotations

import numpy as np
import pytest
from kit import FEW, few, statuses
from mutants import TapConvolution
from mutants.contract import RefusesEverything
from mutants.numbers import FlipsKernel

from convcore.testing import check_backend


def test_a_failure_says_where_and_how_much():
    report = few(FlipsKernel)
    assert statuses(report) == {**dict.fromkeys(FEW, "passed"), "exact_integers": "failed"}
    (result,) = report.failed
    assert 0 < result.failures < result.cases
    assert result.worst == np.inf
    assert "(1, 2, 9) * (3, 2, 3)" in result.failure.message
    assert "want" in result.failure.message
    assert "NOT OK: 2 passed, 1 failed" in str(report)
    assert "run_check('exact_integers', case)  # raises" in str(report)


@pytest.mark.parametrize("backend", [FlipsKernel, RefusesEverything])
def test_a_failure_is_reproduced_by_its_code(backend):
    failed = check_backend(backend, profile="quick", stop_at_first=True).failed[0]
    with pytest.raises(AssertionError, match=r".") as caught:
        exec(failed.failure.reproduce, {})
    assert failed.failure.message.startswith(str(caught.value))


def test_the_code_for_a_local_class_takes_it_from_the_caller():
    class Local(FlipsKernel):
        pass

    code = few(Local).failed[0].failure.reproduce
    assert code.startswith("# Backend = ")
    with pytest.raises(AssertionError):
        exec(code, {"Backend": Local})


def test_an_exception_that_cannot_be_printed_is_contained():
    class Unprintable(Exception):
        def __repr__(self):
            raise ValueError

    class Raising(TapConvolution):
        def _forward(self, input, weight, output):
            raise Unprintable

    assert "raised Unprintable at" in few(Raising).failed[0].failure.message
