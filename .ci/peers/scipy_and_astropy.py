"""The tests of SciPy and Astropy, as they are installed, with their functions on our loops.

Nothing is too small to be ours here, and arrays are worked on in small pieces, so that tests with
small arrays go where large ones do. Each module has to pass with as many tests as when it was
entered below: none may be lost on the way.
"""

from __future__ import annotations

import sys
from contextlib import chdir
from importlib import import_module
from tempfile import TemporaryDirectory

import pytest

from convcore.adapters import astropy
from convcore.scipy import _loops, _pieces, _polyphase, _products, patched

# Tests of each module that pass; those that are skipped need libraries that are not installed.
PASSED = {
    "scipy.ndimage.tests.test_filters": 2478,
    "scipy.ndimage.tests.test_morphology": 1660,
    "scipy.signal.tests.test_fir_filter_design": 49,
    "scipy.signal.tests.test_savitzky_golay": 14,
    "scipy.signal.tests.test_signaltools": 12363,
    "scipy.signal.tests.test_upfirdn": 305,
    "astropy.convolution.tests.test_convolve": 611,
    "astropy.convolution.tests.test_convolve_kernels": 111,
    "astropy.convolution.tests.test_convolve_models": 12,
    "astropy.convolution.tests.test_convolve_nddata": 3,
}
# Wants a warning that NaN has spread, which it does not.
LEFT_OUT = "TestFFTConvolve and test_fft_nan"


class Count:
    """A pytest plugin that counts the tests that pass."""

    passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test whose body has run to its end."""
        self.passed += report.when == "call" and report.passed


def run(module: str) -> bool:
    """Whether all tests of `module` pass, and as many as there should be."""
    count = Count()
    arguments = ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-W", "ignore"]
    arguments += ["-k", f"not ({LEFT_OUT})", "--pyargs", module]
    status = pytest.main([*arguments, "-r", "fE"], plugins=[count])
    right = status == 0 and count.passed == PASSED[module]
    print(f"{'passed' if right else 'FAILED'} {module}: {count.passed} of {PASSED[module]}\n")
    return right


def main() -> int:
    """0 where everything has passed."""
    for module in (_loops, _products, _polyphase):
        module.FEW_PRODUCTS = 0
    _loops.FEW_ALONG = 0
    _pieces.PIECE = 128
    for module in ("scipy.ndimage", "scipy.signal"):
        import_module(module)
    # Away from here: the settings of this repository's tests are not for theirs.
    with TemporaryDirectory() as elsewhere, chdir(elsewhere), patched(), astropy.patched():
        return int(not all([run(module) for module in PASSED]))


if __name__ == "__main__":
    sys.exit(main())
