"""The engine, its report and its doors, on backends that are broken in ways of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from kit import FEW, few, statuses
from mutants import TapConvolution
from mutants.contract import RefusesEverything
from mutants.numbers import FlipsKernel

import convcore
from convcore.testing import CHECKS, Case, check_backend, parametrize_with_checks, run_check
from convcore.testing.catalogue.problems import ALONE


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


def test_progress_is_reported():
    seen = []
    few(TapConvolution, progress=lambda *step: seen.append(step))
    assert seen == [(i, 3, name) for i, name in enumerate(FEW)] + [(3, 3, "")]


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


@pytest.mark.parametrize("module", ["pytest", "hypothesis", "threadpoolctl"])
def test_the_kit_needs_neither_pytest_nor_hypothesis(module):
    code = f"""
import sys
sys.modules[{module!r}] = None
from convcore.testing import check_backend
assert check_backend("naive", profile="quick", checks=["exact_long_digits", "global_state"]).ok
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
