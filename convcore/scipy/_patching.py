"""SciPy's own functions on our loops, for the length of a `with` block."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from typing import Any

from ._seams import SEAMS, is_tested

_lock = Lock()
_blocks = 0
_before: dict[str, dict[str, Any]] = {}


@contextmanager
def patched() -> Iterator[None]:
    """Let SciPy's own filters and convolutions run on convcore inside a `with` block.

    Those count too that other libraries imported earlier, as scikit-image does: what is replaced is
    what they end in (oaconvolve keeps its blocks). It holds for the whole process, in every thread,
    until the last block ends. With a version of SciPy that this was not tested with, there is a
    warning and no effect.

    Examples
    --------
    >>> import numpy as np, scipy.ndimage
    >>> from convcore.scipy import patched
    >>> with patched():
    ...     scipy.ndimage.gaussian_filter(np.ones((64, 64)), sigma=2).mean().round(6)
    np.float64(1.0)
    """
    if not is_tested():
        yield
        return
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _blocks
    with _lock:
        if not _blocks:
            for name, seams in SEAMS.items():
                module, ours = vars(import_module(name)), seams()
                _before[name] = {seam: module[seam] for seam in ours}
                module.update(ours)
        _blocks += 1


def _leave() -> None:
    global _blocks
    with _lock:
        _blocks -= 1
        if not _blocks:
            for name, theirs in _before.items():
                vars(sys.modules[name]).update(theirs)
