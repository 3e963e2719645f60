"""The engine, its report and its doors, on backends that are broken in ways of their own."""

from __future__ import annotations

import ctypes
import json
import platform
import subprocess
import sys

import numpy as np
import pytest
from mutants import TapConvolution
from mutants.contract import RefusesEverything
from mutants.numbers import FlipsKernel

import convcore
from convcore.testing import CHECKS, Case, Report, check_backend, parametrize_with_checks, run_check
from convcore.testing.catalogue.problems import ALONE
from convcore.testing.checks.process_state import READINGS, differences, snapshot, unusual_state

FEW = ("declaration", "result_type", "exact_integers")


def few(backend, **options):
    return check_backend(backend, checks=FEW, profile="quick", **options)


def statuses(report):
    return {result.check: result.status for result in report.results}


def test_a_right_backend_passes():
    report = few(TapConvolution)
    assert report.ok
    assert statuses(report) == dict.fromkeys(FEW, "passed")
    assert report.verdict == "ok: 3 passed"
    assert report.results[2].worst == 0.0


def test_a_local_class_needs_no_registration():
    class Local(TapConvolution):
        name = "local"

    assert few(Local).ok
    with pytest.raises(convcore.UnknownBackendError, match="'local'"):
        check_backend("local")


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


def test_a_backend_that_refuses_everything_is_not_ok():
    report = check_backend(RefusesEverything, profile="quick")
    assert not report.ok
    assert "declared_is_accepted" in {result.check for result in report.failed}
    refused = {result.check: result for result in report.refused}
    assert "NEVER: nothing is ever right" in refused["exact_integers"].refusals
    assert "NEVER: nothing is ever right" in str(report)
    report = check_backend(RefusesEverything, profile="quick", checks=["exact_integers"])
    assert not report.ok


def test_checks_of_the_class_alone_do_not_make_a_backend_ok():
    """Unless nothing else was asked for."""
    assert check_backend(RefusesEverything, checks=["declaration"]).ok
    report = check_backend(RefusesEverything, checks=["declaration", "exact_integers"])
    assert statuses(report) == {"declaration": "passed", "exact_integers": "refused"}
    assert not report.ok


@pytest.mark.parametrize(
    "thing",
    [None, 3, object(), "".join, int, convcore, type("Empty", (), {}), convcore.Convolution],
)
def test_anything_gets_a_report(thing):
    report = check_backend(thing)
    assert not report.ok
    assert [result.check for result in report.failed] == ["declaration"]
    assert len(report.with_status("not run")) == len(CHECKS) - 1
    assert isinstance(str(report), str)


class Hostile(type(TapConvolution)):
    """A metaclass whose classes raise on every attribute but those Python needs."""

    def __getattribute__(cls, name):
        if name.startswith("__") or name in ("mro", "_abc_impl"):
            return super().__getattribute__(name)
        raise SystemError(name)


def test_a_class_that_raises_on_every_attribute_gets_a_report():
    hostile = Hostile("Hostile", (TapConvolution,), {})
    report = check_backend(hostile)
    assert not report.ok
    assert "SystemError" in str(report)


@pytest.mark.parametrize("error", [SystemExit, GeneratorExit, MemoryError, RecursionError])
def test_exceptions_are_contained(error):
    class Raising(TapConvolution):
        def _forward(self, input, weight, output):
            raise error("out of here")

    report = few(Raising)
    assert not report.ok
    assert error.__name__ in report.failed[0].failure.message


def test_keyboard_interrupt_is_not_contained():
    class Interrupted(TapConvolution):
        def _forward(self, input, weight, output):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        few(Interrupted)


def test_an_exception_that_cannot_be_printed_is_contained():
    class Unprintable(Exception):
        def __repr__(self):
            raise ValueError

    class Raising(TapConvolution):
        def _forward(self, input, weight, output):
            raise Unprintable

    assert "raised Unprintable at" in few(Raising).failed[0].failure.message


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


def test_stop_at_first_stops():
    report = few(FlipsKernel, stop_at_first=True)
    assert report.failed[0].failures == 1
    report = check_backend(FlipsKernel, profile="quick", stop_at_first=True, checks=list(CHECKS))
    assert report.with_status("not run")
    assert not report.ok


def test_unknown_names_are_errors():
    with pytest.raises(ValueError, match=r"checks: must name some of .*; got 'nonsense'"):
        check_backend(TapConvolution, checks=["nonsense"])
    with pytest.raises(ValueError, match=r"profile: must be one of quick, standard; got 'slow'"):
        check_backend(TapConvolution, profile="slow")


def test_a_report_is_json():
    data = json.loads(json.dumps(few(FlipsKernel).to_dict()))
    assert data["ok"] is False
    assert [entry["check"] for entry in data["results"]] == list(FEW)
    assert "run_check" in data["results"][2]["reproduce"]


def test_progress_is_reported():
    seen = []
    few(TapConvolution, progress=lambda *step: seen.append(step))
    assert seen == [(i, 3, name) for i, name in enumerate(FEW)] + [(3, 3, "")]


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


def test_a_backend_that_cannot_be_loaded_gets_a_report(fake_distribution):
    modules = {"broken_backend": "import ctypes; raise OSError('libfast.so: not found')"}
    fake_distribution("broken", {"broken": "broken_backend:Fast"}, modules)
    report = check_backend("broken")
    assert not report.ok
    assert [result.check for result in report.failed] == ["loading"]
    assert "libfast.so: not found" in str(report)
    assert len(report.with_status("not run")) == len(CHECKS) - 1


def test_no_expectation_excuses_a_backend_that_cannot_be_loaded(fake_distribution):
    modules = {"broken_backend": "raise OSError('libfast.so: not found')"}
    fake_distribution("broken", {"broken": "broken_backend:Fast"}, modules)
    reasons = {"declaration": "ticket 7", "exact_integers": "ticket 8"}
    for checks in (None, ["exact_integers"]):
        report = check_backend("broken", expected_failures=reasons, checks=checks)
        assert not report.ok
        assert [result.check for result in report.failed] == ["loading"]
        assert not report.expected_failures
    bound = parametrize_with_checks(["broken"], expected_failures=reasons).mark.args[1]
    with pytest.raises(pytest.fail.Exception, match=r"libfast\.so: not found"):
        next(check for check in bound if check.name == "exact_integers")()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes puts from libc")
def test_what_compiled_code_prints_is_noticed():
    class Puts(TapConvolution):
        def _forward(self, input, weight, output):
            ctypes.CDLL(None).puts(b"computing")
            super()._forward(input, weight, output)

    report = check_backend(Puts, profile="quick", checks=["quiet"])
    assert "must print nothing; got 'computing" in str(report)


def test_operation_that_is_refused_alone_is_counted():
    class ForwardOnly(TapConvolution):
        @classmethod
        def refusal(cls, geometry, dtype, operation=None):
            text = "no gradients"
            gradient = operation in ("grad_input", "grad_weight")
            return convcore.Refusal("OPERATION", text) if gradient else None

    checks = [name for name in CHECKS if not name.startswith(("operand", "large", "out"))]
    report = check_backend(ForwardOnly, profile="quick", checks=checks)
    assert report.ok, str(report)
    exact = next(result for result in report.results if result.check == "exact_integers")
    assert exact.refusals["OPERATION: no gradients"] == 2 * exact.cases


@pytest.mark.parametrize(
    ("dtypes", "ranks"),
    [
        (("float32",), range(1, 2)),
        (("complex128",), range(3, 4)),
        (("int8", "uint64"), range(2, 4)),
    ],
)
def test_narrow_declarations_pass(dtypes, ranks):
    class Narrow(TapConvolution):
        declaration = convcore.Declaration(dtypes=dtypes, ranks=ranks, deterministic="no")

    report = check_backend(Narrow, profile="quick")
    assert report.ok, str(report)


def test_run_check_returns_the_measured_error():
    case = Case(TapConvolution, ALONE["2d"].geometry, "float32", "forward", data="random")
    assert 0 < run_check("error_bound", case) < 1


def test_every_check_says_what_it_is_about():
    assert len(CHECKS) >= 40
    assert all(check.summary.endswith(".") for check in CHECKS.values())
    assert next(iter(CHECKS)) == "declaration"


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


@pytest.mark.parametrize("module", ["pytest", "hypothesis", "threadpoolctl"])
def test_the_kit_needs_neither_pytest_nor_hypothesis(module):
    code = f"""
import sys
sys.modules[{module!r}] = None
from convcore.testing import check_backend
assert check_backend("naive", profile="quick", checks=["exact_long_digits", "global_state"]).ok
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_state_is_the_same_when_nothing_happens():
    assert differences(snapshot(), snapshot()) == ""
    with unusual_state():
        inside = snapshot()
        assert inside["numpy.geterr()"]["under"] == "warn"
    assert "numpy.geterr()" in differences(inside, snapshot())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes fesetround from glibc")
def test_a_changed_rounding_mode_is_noticed():
    libm = ctypes.CDLL("libm.so.6")
    upward = {"x86_64": 0x800, "aarch64": 0x400000}.get(platform.machine())
    if upward is None:
        pytest.skip("the code of the rounding mode is not known here")
    before, mode = READINGS["the rounding mode"](), libm.fegetround()
    try:
        assert libm.fesetround(upward) == 0
        after = READINGS["the rounding mode"]()
    finally:
        libm.fesetround(mode)
    assert before == (False, False, False)
    assert after != before


def test_report_of_nothing_is_not_ok():
    assert not Report("nothing", "quick", []).ok
