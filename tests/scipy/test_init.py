"""The door: what it offers, and that nothing behind it is imported unless it is asked for."""

import subprocess
import sys

import numpy as np

import convcore

SILENT = """
import sys, convcore, convcore.scipy, convcore.adapters
found = {"scipy.ndimage", "scipy.signal", "astropy", "convcore.scipy.ndimage"} & set(sys.modules)
assert not found, found
from convcore.scipy import ndimage
assert "scipy.signal" not in sys.modules
assert dir(convcore.scipy) == ["convolve", "ndimage", "patched", "signal"]
"""


def test_nothing_is_imported_beforehand():
    subprocess.run([sys.executable, "-c", SILENT], check=True, timeout=120)


def test_names():
    assert convcore.scipy.ndimage.sobel.__module__ == "convcore.scipy.ndimage"
    np.testing.assert_array_equal(convcore.scipy.convolve([1, 2], [3, 4]), [3, 10, 8])
    assert not hasattr(convcore.scipy, "optimize")
