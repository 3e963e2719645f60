"""Keras 3 on its NumPy backend, without JAX: its convolutions and pools on ours.

    from convcore.adapters import keras as door   # before Keras itself, where there is no JAX
    door.install()

From then on every layer and `keras.ops` convolve by us, in either data format. Keras' NumPy
backend takes convolutions and pools from JAX and cannot even be imported without it: that is what
this module does where there is none, with stand-ins for JAX that are gone once Keras is there, and
with KERAS_BACKEND=numpy where nothing else is set.

start       imports Keras
functions   Keras' functions in our words
"""

from __future__ import annotations

from typing import Any

from ...errors import UnsupportedError
from . import functions
from .start import keras, operators

# What a Keras function is called, and what is to run.
REPLACED = {
    "average_pool": functions.average_pool,
    "conv": functions.conv,
    "conv_transpose": functions.conv_transpose,
    "depthwise_conv": functions.depthwise_conv,
    "max_pool": functions.max_pool,
}
# Releases of Keras that were tried: what is replaced is no public interface of theirs.
TRIED = ("3.15",)

_originals: dict[str, Any] = {}


def install() -> None:
    """Put our functions under Keras, until `uninstall`; once is enough.

    Raises
    ------
    UnsupportedError
        If Keras runs on another backend, or is a release that was not tried.
    """
    if keras.backend.backend() != "numpy":
        raise UnsupportedError(
            f"keras: must run on its NumPy backend; got {keras.backend.backend()!r}; "
            "set KERAS_BACKEND=numpy before it is imported"
        )
    if not keras.__version__.startswith(tuple(f"{release}." for release in TRIED)):
        raise UnsupportedError(f"keras: must be {' or '.join(TRIED)}; got {keras.__version__}")
    for name, function in REPLACED.items():
        _originals.setdefault(name, getattr(operators(), name))
        setattr(operators(), name, function)


def uninstall() -> None:
    """Put Keras' own functions back."""
    while _originals:
        setattr(operators(), *_originals.popitem())


def installed() -> bool:
    """Whether our functions are under Keras."""
    return bool(_originals)


__all__ = ["install", "installed", "uninstall"]
