"""Where SciPy's own code meets its inner loops, and what is put there instead.

SciPy's functions check their arguments in Python and end in a few inner loops, which they find by
name in their module. A seam is such a name. With ours put there, a function keeps its signature,
its defaults, its checks and its errors, and computes by convolution.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module, util
from types import ModuleType
from typing import Any

import numpy as np
import scipy

# Versions of SciPy whose own tests have passed with these seams.
TESTED = ("1.16", "1.17")


def _filters() -> dict[str, Any]:
    from scipy.ndimage import _nd_image

    from . import _loops as ours

    names = ("correlate", "correlate1d", "uniform_filter1d")
    return {"_nd_image": variant(_nd_image, **{name: getattr(ours, name) for name in names})}


def _upfirdn() -> dict[str, Any]:
    from . import _polyphase as ours

    return {"_apply": ours.apply}


def _signaltools() -> dict[str, Any]:
    from scipy.signal import _sigtools

    from . import _products as ours

    sums = {"_correlateND": ours.correlate_nd, "_convolve2d": ours.convolve_2d}
    return {
        "_sigtools": variant(_sigtools, **sums),
        "np": variant(np, convolve=ours.convolve, correlate=ours.correlate),
        "_freq_domain_conv": ours.full_by_any,
    }


# For each of SciPy's modules a function that gives the names in it that are ours instead. They
# import what they need themselves: who filters images does not wait for scipy.signal.
SEAMS: dict[str, Callable[[], dict[str, Any]]] = {
    "scipy.ndimage._filters": _filters,
    "scipy.signal._upfirdn": _upfirdn,
    "scipy.signal._signaltools": _signaltools,
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
        return import_module(name)
    spec = util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module).update(SEAMS[name]())
    return module


def public(module: ModuleType, name: str, home: str) -> Any:
    """Function `name` of such a module, known to pickles and to `help` as one of `home`."""
    function = getattr(module, name)
    if is_tested():
        function.__module__ = home
        function.__doc__ = function.__doc__.partition("    Examples\n")[0].rstrip() + "\n"
    return function
