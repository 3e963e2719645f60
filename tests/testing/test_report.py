"""Reports: verdicts, data, and what is expected to fail."""

from __future__ import annotations

import json

from kit import FEW, few
from mutants import TapConvolution
from mutants.numbers import FlipsKernel

from convcore.testing import Report


def test_an_expected_failure_is_ok_and_shown():
    report = few(FlipsKernel, expected_failures={"exact_integers": "ticket 7"})
    assert report.ok
    assert [result.reason for result in report.expected_failures] == ["ticket 7"]
    assert "expected: ticket 7" in str(report)


def test_an_expected_failure_that_passes_is_an_error():
    report = few(TapConvolution, expected_failures={"result_type": "ticket 7"})
    assert not report.ok
    assert [result.check for result in report.failed] == ["result_type"]
    assert "expected to fail (ticket 7), but it passed" in str(report)


def test_an_expected_failure_that_names_no_check_is_an_error():
    report = few(TapConvolution, expected_failures={"exact_integer": "typo"})
    assert not report.ok
    assert "must name a check; got 'exact_integer' (typo)" in str(report)


def test_an_expected_failure_of_a_check_that_did_not_run_is_left_alone():
    assert few(TapConvolution, expected_failures={"quiet": "prints"}).ok


def test_a_report_is_json():
    data = json.loads(json.dumps(few(FlipsKernel).to_dict()))
    assert data["ok"] is False
    assert [entry["check"] for entry in data["results"]] == list(FEW)
    assert "run_check" in data["results"][2]["reproduce"]


def test_report_of_nothing_is_not_ok():
    assert not Report("nothing", "quick", []).ok
