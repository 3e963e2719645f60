"""Convolution in JAX: as functions of its own, and under its programs unchanged.

primitives    the three maps as primitives: derivatives of any order, vmap, jit
functions     conv, conv_transpose
translation   `lax.conv_general_dilated` in our words
replacement   install, uninstall, installed

`docs/doors/jax.md` says how to use it, and what it brings.
"""

try:
    import jax as _jax  # noqa: F401
except ImportError:
    raise ImportError(
        "convcore.adapters.jax: needs JAX, and there is none; install it with: "
        'pip install "convcore[jax]"'
    ) from None

from .functions import conv, conv_transpose
from .replacement import install, installed, uninstall

__all__ = ["conv", "conv_transpose", "install", "installed", "uninstall"]
