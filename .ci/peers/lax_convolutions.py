"""JAX's own tests of its convolutions, computed by ours.

    python lax_convolutions.py FOLDER

FOLDER is `tests` of JAX's repository at the version that is installed: neither its wheel nor its
sdist has them. They need absl-py.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ["JAX_NUM_GENERATED_CASES"] = "4"  # read when JAX's tests are imported

import pytest
from counted import Count

from convcore.adapters import jax as door
from convcore.adapters.jax import replacement

# Tests of each module that pass; one is skipped, which needs double precision.
MODULES = {"lax_test.py": 58, "lax_autodiff_test.py": 13, "lax_vmap_test.py": 4}
WHICH = "Conv and not Convert"


def main(folder: str) -> int:
    """0 where all have passed, and ours has computed some."""
    translated, ours = replacement.translated, []

    def noted(*arguments: Any) -> Any:
        ours.append(translated(*arguments))
        return ours[-1]

    replacement.translated = noted
    door.install("always")
    count = Count(list(MODULES))
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore", f"--rootdir={folder}", "-k", WHICH]
    status = pytest.main([*options, *(str(Path(folder) / name) for name in MODULES)], [count])
    by_ours = sum(map(bool, ours))
    print(f"passed: {dict(count.passed)}; skipped: {count.skipped}; compiled by ours: {by_ours}")
    return int(status != 0 or count.passed != MODULES or not by_ours)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
