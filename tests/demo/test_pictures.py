"""The picture of the filters part, drawn without a display."""

from __future__ import annotations

import subprocess
import sys


def test_drawing_needs_no_global_state():
    program = "import sys, convcore.demo.filters; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
