"""SciPy's convolutions and linear filters on convcore's backends: `ndimage`, `signal`, `patched`.

    from convcore.scipy import ndimage      # instead of: from scipy import ndimage

ndimage     the linear filters, with what differs from SciPy's, and missing data
signal      convolutions, FIR filters, resampling
convolve    numpy.convolve
patched     SciPy's own functions on our loops, for a `with` block

_seams      where SciPy's code meets its inner loops
_loops      those of ndimage, on arrays in pieces: _pieces, extended beyond their ends: _borders
_products   those of signal, and numpy.convolve
_polyphase  that of upfirdn
_missing    NaN and masks
_patching   the `with` block
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["convolve", "ndimage", "patched", "signal"]

_HOMES = {"convolve": "_products", "patched": "_patching"}


def __getattr__(name: str) -> Any:
    if name in {"ndimage", "signal"}:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
