"""The tests that need ONNX or Keras, ours and Keras' own: as many as there should be, none skipped.

Keras' tests run as they are installed, on our functions and without JAX.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from convcore.adapters import keras

HERE = Path(__file__).parents[2]
# Tests that pass in each place of ours, at least: whoever adds some may leave these numbers.
OURS = {"tests/adapters/onnx": 168, "tests/adapters/keras": 70, "tests/cli/test_run.py": 9}
# Tests of each module of Keras that pass; it skips those of what its NumPy backend lacks.
THEIRS = {
    "keras.src.ops.nn_test": 125,
    "keras.src.layers.convolutional.conv_test": 35,
    "keras.src.layers.convolutional.conv_transpose_test": 184,
    "keras.src.layers.convolutional.depthwise_conv_test": 16,
    "keras.src.layers.convolutional.separable_conv_test": 14,
    "keras.src.layers.pooling.average_pooling_test": 35,
    "keras.src.layers.pooling.max_pooling_test": 24,
}
WHICH = {"keras.src.ops.nn_test": "conv or pool"}
MARKER = "requires_trainable_backend"


class Count:
    """A pytest plugin that counts the tests that pass, and those that are skipped."""

    passed = 0
    skipped = 0

    def pytest_configure(self, config: pytest.Config) -> None:
        """Know the marker of tests that train."""
        config.addinivalue_line("markers", MARKER)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out tests that train: Keras' NumPy backend cannot."""
        items[:] = [item for item in items if item.get_closest_marker(MARKER) is None]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a file that is skipped as a whole."""
        self.skipped += report.skipped

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test whose body has run to its end, or that was skipped."""
        self.passed += report.when == "call" and report.passed
        self.skipped += report.skipped


def run(name: str, *arguments: str) -> Count | None:
    """The count of a run in which nothing failed."""
    count = Count()
    options = ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider"]
    status = pytest.main([*options, *arguments, name], plugins=[count])
    return count if status == 0 else None


def main() -> int:
    """0 where everything has passed, and JAX was never there."""
    found = {name: run(str(HERE / name)) for name in OURS}
    right = all(
        count and count.passed >= OURS[name] and not count.skipped for name, count in found.items()
    )
    keras.install()
    for name, there in THEIRS.items():
        count = run(name, "-W", "ignore", "-k", WHICH.get(name, ""), "--pyargs")
        right &= count is not None and count.passed == there
        found[name] = count
    print({name: count and count.passed for name, count in found.items()})
    return int(not right or not keras.installed() or "jax" in sys.modules)


if __name__ == "__main__":
    sys.exit(main())
