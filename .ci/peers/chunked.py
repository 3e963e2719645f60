"""The tests that need dask, zarr, xarray or dask-image: all of them run, and none is skipped."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

# Tests that pass in each place, at least: whoever adds some may leave these numbers.
PASSED = {
    "tests/adapters/dask": 500,
    "tests/adapters/test_dask_xarray.py": 1,
    "tests/adapters/test_dask_image.py": 11,
    "tests/demo/test_volume.py": 4,
    "tests/network/test_sharded.py": 17,
    "convcore/adapters/dask": 7,
    "docs/dask.md": 1,
}


class Count:
    """A pytest plugin that counts what becomes of the tests in each place."""

    def __init__(self) -> None:
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
            self.passed[next(place for place in PASSED if report.nodeid.startswith(place))] += 1


def main() -> int:
    """0 where everything has passed and nothing was skipped."""
    count = Count()
    places = [str(Path(__file__).parents[2] / place) for place in PASSED]
    status = pytest.main(["-q", "-p", "no:cacheprovider", "--show-capture=no", *places], [count])
    few = {place: count.passed[place] for place in PASSED if count.passed[place] < PASSED[place]}
    print(f"passed: {dict(count.passed)}; too few: {few}; skipped: {count.skipped}")
    return int(status != 0 or bool(few) or bool(count.skipped))


if __name__ == "__main__":
    sys.exit(main())
