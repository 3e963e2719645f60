"""`astropy.convolution.convolve` on convcore: its inner loop, for the length of a `with` block.

Astropy extends the array, normalises the kernel and treats NaN in Python; what is left is one loop,
which adds up products or, to interpolate, those with a number and the weights of those. These are
one and two convolutions here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from typing import Any

import numpy as np

from .. import settings
from ..functional import conv
from ..plugin import Array

try:
    import astropy
except ImportError:
    raise ImportError(
        "convcore.adapters.astropy: needs Astropy, and there is none; install it with: "
        "pip install astropy"
    ) from None

# Major versions of Astropy whose own tests have passed on this loop.
TESTED = ("8",)

# `convolve` is also the name of a function there, which hides its module.
_module: Any = import_module("astropy.convolution.convolve")
_own = _module._convolveNd_c
_lock = Lock()
_blocks = 0


@contextmanager
def patched() -> Iterator[None]:
    """Let `astropy.convolution.convolve` run on convcore inside a `with` block.

    It holds for the whole process, in every thread, until the last block ends. With a version of
    Astropy that this was not tested with, there is a warning and no effect.

    Examples
    --------
    >>> from astropy.convolution import convolve
    >>> with patched():
    ...     convolve([1.0, np.nan, 3.0], [0.25, 0.5, 0.25], boundary="extend")
    array([1., 2., 3.])
    """
    if _is_tested():
        _count(1)
        try:
            yield
        finally:
            _count(-1)
    else:
        yield


def _is_tested() -> bool:
    major = re.split(r"\D", astropy.__version__)[0]
    if major not in TESTED:
        warnings.warn(
            f"convcore.adapters.astropy: tested with Astropy {', '.join(TESTED)}; got "
            f"{astropy.__version__}; its own loop runs",
            RuntimeWarning,
            stacklevel=4,
        )
    return major in TESTED


def _count(change: int) -> None:
    global _blocks
    with _lock:
        _blocks += change
        _module._convolveNd_c = convolve_nd if _blocks else _own


def convolve_nd(
    result: Array, array: Array, kernel: Array, interpolate: bool, embedded: bool, threads: int
) -> None:
    """Convolve where the kernel fits; `embedded` says that `result` has a margin, left as it is."""
    core = tuple(slice(r // 2, n - r // 2) for n, r in zip(array.shape, kernel.shape, strict=True))
    target = result[core] if embedded else result
    weight = np.flip(np.asarray(kernel))[None, None]
    with settings.options(accuracy="strict", threads=threads):
        if not interpolate:
            target[...] = conv(array[None, None], weight)[0, 0]
            return
        missing = np.isnan(array)
        sums = conv(np.where(missing, 0.0, array)[None, None], weight)[0, 0]
        shares = conv((~missing).astype(kernel.dtype)[None, None], weight)[0, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        target[...] = np.where(shares == 0, array[core], sums / shares)
