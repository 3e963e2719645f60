"""Run tests that need another library: PLACE=NUMBER..., how many must pass in each place at least.

Nothing may be skipped, since a library that is missing would look like success.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Count:
    """A pytest plugin that counts what becomes of the tests in each place."""

    def __init__(self, places: list[str]) -> None:
        self.places = places
        self.passed: Counter[str] = Counter()
        self.skipped: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that is skipped as a whole."""
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that has run to its end, or was skipped."""
        if report.skipped:
            self.skipped.append(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed[next(p for p in self.places if report.nodeid.startswith(p))] += 1


def main(arguments: list[str]) -> int:
    """0 where everything has passed, often enough, and nothing was skipped."""
    wanted = {place: int(number) for place, number in (a.split("=") for a in arguments)}
    count = Count(list(wanted))
    places = [str(ROOT / place) for place in wanted]
    options = ["-q", "-p", "no:cacheprovider", "--show-capture=no", f"--rootdir={ROOT}"]
    status = pytest.main([*options, *places], [count])
    few = {p: count.passed[p] for p, number in wanted.items() if count.passed[p] < number}
    print(f"passed: {dict(count.passed)}; too few: {few}; skipped: {count.skipped}")
    return int(status != 0 or not wanted or bool(few) or bool(count.skipped))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
