"""The pytest door: every check of every backend becomes a test with its own id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..plugin import Convolution
from .check import Profile
from .engine import CHECKS, check_backend


@dataclass(frozen=True)
class BoundCheck:
    """One check of one backend; call it inside a test.

    Parameters
    ----------
    backend : type[Convolution] or str
        The backend, by class or by name; a name is looked up when the check runs.
    name : str
        Name of the check.
    profile : {"quick", "standard"}
        How many cases it looks at.
    reason : str or None
        The author's reason to expect a failure.
    """

    backend: type[Convolution] | str
    name: str
    profile: Profile
    reason: str | None = None

    def __call__(self) -> None:
        """Pass, skip with the backend's own reasons, fail with the code that reproduces it."""
        import pytest

        expected = None if self.reason is None else {self.name: self.reason}
        report = check_backend(
            self.backend, expected_failures=expected, profile=self.profile, checks=[self.name]
        )
        if report.failed:
            pytest.fail(str(report), pytrace=False)
        if report.expected_failures:
            pytest.xfail(str(self.reason))
        if report.refused:
            pytest.skip(f"{self}: {report.refused[0].note}")

    def __str__(self) -> str:
        backend = self.backend if isinstance(self.backend, str) else self.backend.__name__
        return f"{backend}-{self.name}"


def parametrize_with_checks(
    backends: Iterable[type[Convolution] | str],
    *,
    expected_failures: Mapping[str, str] | None = None,
    profile: Profile = "quick",
) -> Any:
    """Decorator that runs a test with an argument `check` once for each backend and check.

    Parameters
    ----------
    backends : iterable of type[Convolution] or str
        Backends, by class or by name.
    expected_failures : mapping of str to str, optional
        Checks that are known to fail, each with the reason; the tests of the others are strict.
    profile : {"quick", "standard"}
        How many cases each check looks at.

    Returns
    -------
    pytest.MarkDecorator
        A `pytest.mark.parametrize`.

    Raises
    ------
    ValueError
        If an expectation names no check.

    Examples
    --------
    The whole test file of a backend::

        from convcore.testing import parametrize_with_checks

        @parametrize_with_checks(["fast"])
        def test_conformance(check):
            check()
    """
    import pytest

    reasons = dict(expected_failures or {})
    for name in reasons:
        if name not in CHECKS:
            raise ValueError(f"expected_failures: must name a check; got {name!r}")
    bound = [
        BoundCheck(backend, name, profile, reasons.get(name))
        for backend in backends
        for name in CHECKS
    ]
    return pytest.mark.parametrize("check", bound, ids=[str(check) for check in bound])
