"""The compiled bridge to the native kernels; where none were built, who imports this is skipped."""

from __future__ import annotations

import importlib
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

# Looked for, and not tried: a bridge that is there and broken is an error.
folder = Path(find_spec("convcore_native").origin).parent
if not any((folder / f"_bridge{suffix}").exists() for suffix in EXTENSION_SUFFIXES):
    pytest.skip("no native kernels were built", allow_module_level=True)

bridge = importlib.import_module("convcore_native._bridge")
ISAS = bridge.available_isas()

# A script of the source tree: nothing of what is installed needs it.
SOURCE = next(each for each in Path(__file__).parents if (each / "setup.py").exists())
MATRICES = SOURCE / "backends" / "convcore_native" / "native" / "winograd" / "matrices.py"
specification = spec_from_file_location("winograd_matrices", MATRICES)
winograd_matrices = module_from_spec(specification)
specification.loader.exec_module(winograd_matrices)
