"""The command line in a process of its own."""

import os
import subprocess
import sys


def run(*argv, cwd=None, **environment):
    """`python -m convcore` with these arguments."""
    return subprocess.run(
        [sys.executable, "-m", "convcore", *argv],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
        timeout=60,
    )
