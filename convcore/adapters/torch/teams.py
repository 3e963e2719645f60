"""Our loops in PyTorch's threads.

Between two operations OpenMP's threads wait busily for milliseconds, on the processors that threads
of ours would want meanwhile: two pools in one process fight. So while PyTorch's convolutions run by
ours, loops are shared among the threads of its OpenMP, by the function that compilers call for a
parallel region.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import torch

from ... import registry

# Elements from which on PyTorch gives work to another thread.
GRAIN = 32_768


def openmp_team() -> int:
    """Address of GOMP_parallel in the OpenMP that PyTorch was linked with; 0 where there is none.

    LLVM's and Intel's OpenMP have a function of this name, too.
    """
    for library in (Path(torch.__file__).parent / "lib").glob("libtorch_cpu.*"):
        try:
            function = ctypes.CDLL(str(library)).GOMP_parallel
        except (OSError, AttributeError):
            continue
        return ctypes.cast(function, ctypes.c_void_p).value or 0
    return 0


def share_loops_in(team: int) -> None:
    """Tell every backend in whose threads it is to share its loops; 0 is in its own."""
    for record in registry.records():
        backend = registry.try_load(record)
        if backend is not None:
            backend.share_loops_in(team)
