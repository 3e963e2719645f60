"""Where SciPy's own code meets its inner loops, and what is put there instead.

SciPy's functions check their arguments in Python and end in a few inner loops, which they find by
name in their module. A seam is such a name. With ours put there, a function keeps its signature,
its defaults, its checks and its errors, and computes by convolution.
"""

from __future__ import annotations

import re
import sys
import warnings
from functools import cache
from importlib import util
from types import ModuleType
from typing import Any

import numpy as np
import scipy
from scipy.ndimage import _nd_image
from scipy.signal import _sigtools

from . import _loops, _polyphase, _products

# Versions of SciPy whose own tests have passed with these seams.
TESTED = ("1.16", "1.17")


def seams() -> dict[str, dict[str, Any]]:
    """For each of SciPy's modules the names that are ours instead."""
    loops = {name: getattr(_loops, name) for name in ("correlate", "correlate1d")}
    sums = {"_correlateND": _products.correlate_nd, "_convolve2d": _products.convolve_2d}
    lines = {"convolve": _products.convolve, "correlate": _products.correlate}
    return {
        "scipy.ndimage._filters": {
            "_nd_image": variant(_nd_image, **loops, uniform_filter1d=_loops.uniform_filter1d),
        },
        "scipy.signal._upfirdn": {"_apply": _polyphase.apply},
        "scipy.signal._signaltools": {
            "_sigtools": variant(_sigtools, **sums),
            "np": variant(np, **lines),
            "_freq_domain_conv": _products.full_by_any,
        },
    }


def variant(module: ModuleType, **ours: Any) -> ModuleType:
    """A module with everything that is in `module`, but for what is ours."""
    made = ModuleType(module.__name__, module.__doc__)
    vars(made).update(vars(module) | ours)
    return made


@cache
def is_tested() -> bool:
    """Whether the seams are known to be where they are looked for; else a warning, once."""
    version = ".".join(re.findall(r"\d+", scipy.__version__)[:2])
    if version not in TESTED:
        warnings.warn(
            f"convcore.scipy: tested with SciPy {', '.join(TESTED)}; got {scipy.__version__}; "
            "SciPy's functions run as they are",
            RuntimeWarning,
            stacklevel=3,
        )
    return version in TESTED


@cache
def on_ours(name: str) -> ModuleType:
    """SciPy's module `name` loaded a second time, for us alone, with its seams on our loops."""
    if not is_tested():
        return sys.modules[name]
    spec = util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module).update(seams()[name])
    return module


def public(module: ModuleType, name: str, home: str) -> Any:
    """Function `name` of such a module, known to pickles and to `help` as one of `home`."""
    function = getattr(module, name)
    if is_tested():
        function.__module__ = home
        function.__doc__ = function.__doc__.partition("    Examples\n")[0].rstrip() + "\n"
    return function
