"""The engine behind all doors: runs checks on a backend, turns what happens into a report."""

from __future__ import annotations

import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import BackendLoadError, UnknownBackendError
from ..plugin import Convolution
from ..registry import get_backend
from ..terminal import Progress
from .cases import Case
from .check import PROFILES, Check, Profile, in_order
from .checks import IN_ORDER
from .failures import CheckFailure, NotApplicable
from .random_problems import random_cases
from .report import Failure, Report, Result
from .reproduce import explain, label, script

CHECKS = in_order(IN_ORDER)


def check_backend(
    backend: type[Convolution] | str,
    *,
    expected_failures: Mapping[str, str] | None = None,
    profile: Profile = "standard",
    checks: Iterable[str] | None = None,
    stop_at_first: bool = False,
    random: int = 0,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Hold a backend to the contract and to its own declaration.

    Parameters
    ----------
    backend : type[Convolution] or str
        A class, registered or not, local or not; or the name of a backend.
    expected_failures : mapping of str to str, optional
        Checks that are known to fail, each with the reason. One that passes, or that is no check,
        is a failure itself.
    profile : {"standard", "quick"}
        "quick" lets the dtypes take turns where "standard" crosses them with every problem.
    checks : iterable of str, optional
        Names of the checks to run; all by default.
    stop_at_first : bool
        Whether to stop at the first failing case.
    random : int
        Number of random problems to try besides; they inform, and `Report.ok` ignores them.
    seed : int, optional
        Seed of the random problems; a new one by default, printed in the report.
    progress : callable, optional
        Called as progress(done, total, check) before each check and once at the end.

    Returns
    -------
    Report
        Whatever the backend does, short of ending the process.

    Raises
    ------
    UnknownBackendError
        If no backend has that name.
    ValueError
        If `profile` or a name in `checks` is unknown.
    """
    if profile not in PROFILES:
        raise ValueError(f"profile: must be one of {', '.join(PROFILES)}; got {profile!r}")
    chosen = _chosen(checks)
    expected = dict(expected_failures or {})
    cls, broken = _resolved(backend)
    report = Report(label(backend), profile, [])
    for done, check in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen), check.name)
        result = broken or run(check, cls, profile, stop_at_first=stop_at_first)
        reason = expected.pop(check.name, None)
        report.results.append(_judged(result, None if broken else reason))
        if _pointless(report.results[-1], stop_at_first):
            report.results += [Result(c.name, c.summary, "not run") for c in chosen[done + 1 :]]
            break
    _require_used(report, expected)
    if random and not report.with_status("not run"):
        _try_random(report, cls, random, seed)
    if progress is not None:
        progress(len(chosen), len(chosen), "")
    return report


def run_check(name: str, subject: Case | type[Convolution]) -> float | None:
    """One check on one case, or on the class; raises `CheckFailure` where it fails.

    Parameters
    ----------
    name : str
        Name of the check.
    subject : Case or type[Convolution]
        What it looks at; the class for checks of the declaration.

    Returns
    -------
    float or None
        Measured error in units of the bound, where the check measures one.
    """
    return CHECKS[name].body(subject)


def _chosen(names: Iterable[str] | None) -> list[Check]:
    if names is None:
        return list(CHECKS.values())
    wanted = list(names)
    for name in wanted:
        if name not in CHECKS:
            raise ValueError(f"checks: must name some of {', '.join(CHECKS)}; got {name!r}")
    return [check for check in CHECKS.values() if check.name in wanted]


def _resolved(backend: Any) -> tuple[Any, Result | None]:
    """The class to check, or the result that says why there is none."""
    if not isinstance(backend, str):
        return backend, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the report tells the same
            return get_backend(backend), None
    except UnknownBackendError:
        raise
    except BackendLoadError as error:
        result = Result("loading", "The backend can be loaded.", "failed", 1, 1)
        code = f"import convcore\n\nconvcore.get_backend({backend!r})"
        result.failure = Failure(f"{type(error).__name__}: {error}", code)
        return None, result


def _judged(result: Result, expected: str | None) -> Result:
    """`result` in the light of the author's announcement that its check fails."""
    if expected is None:
        return result
    if result.status == "failed":
        result.status, result.reason = "expected", expected
    else:
        message = f"expected to fail ({expected}), but it {result.status}; remove the expectation"
        result.failure = Failure(message, f"# expected_failures={{{result.check!r}: ...}}")
        result.status, result.failures = "failed", 1
    return result


def _pointless(result: Result, stop_at_first: bool) -> bool:
    """Whether the checks after this one cannot, or need not, run."""
    fundamental = result.check in ("loading", "declaration") and result.status != "passed"
    return fundamental or (stop_at_first and result.status == "failed")


def _require_used(report: Report, unused: Mapping[str, str]) -> None:
    for name in set(unused) - set(CHECKS):
        result = Result("expected_failures", "Every expectation names a check.", "failed", 1, 1)
        message = f"expected_failures: must name a check; got {name!r} ({unused[name]})"
        result.failure = Failure(message, "# remove it")
        report.results.append(result)


def _try_random(report: Report, backend: Any, count: int, seed: int | None) -> None:
    report.seed = int.from_bytes(os.urandom(4), "little") if seed is None else seed
    for name, data in (("exact_integers", "integers"), ("error_bound", "random")):
        cases = random_cases(backend, count, report.seed, data)
        result = run(CHECKS[name], backend, "standard", cases=cases)
        result.check = f"random {name}"
        report.random.append(result)


def run(
    check: Check,
    backend: Any,
    profile: Profile,
    *,
    cases: Iterable[Case] | None = None,
    stop_at_first: bool = False,
) -> Result:
    """The result of one check; nothing but KeyboardInterrupt gets out."""
    result, began = Result(check.name, check.summary), time.perf_counter()
    result.computes = check.domain is not None
    try:
        if check.domain is None:
            _attempt(result, check, backend, lambda: None)
        else:
            for case in cases if cases is not None else check.domain(backend, profile):
                _attempt(result, check, case, case.refusal)
                if stop_at_first and result.failures:
                    break
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _record(result, check, backend, error)
    if result.failures:
        result.status = "failed"
    elif not result.cases:
        result.status = "refused"
        result.refusals = result.refusals or Counter({"no dtype of this check is declared": 1})
    result.seconds = time.perf_counter() - began
    return result


def _attempt(result: Result, check: Check, subject: Any, refusal: Callable[[], Any]) -> None:
    """Run one case into `result`."""
    try:
        if (refused := refusal()) is not None:
            result.refusals[str(refused)] += 1
            return
        units = check.body(subject)
    except NotApplicable as reason:
        result.refusals[str(reason)] += 1
        return
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _record(result, check, subject, error)
        return
    result.cases += 1
    if units is not None:
        result.worst = max(result.worst or 0.0, units)


def _record(result: Result, check: Check, subject: Any, error: BaseException) -> None:
    """Count a failed case, and keep the first."""
    result.cases += 1
    result.failures += 1
    if isinstance(error, CheckFailure) and error.units is not None:
        result.worst = max(result.worst or 0.0, error.units)
    if result.failure is None:
        result.failure = Failure(explain(error, subject), script(check.name, subject))
