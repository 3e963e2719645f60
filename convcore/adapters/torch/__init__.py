"""Convolution in PyTorch: as operators of its own, and under its modules unchanged.

tensors       tensors as arrays, without copies where it can be
operators     the three maps as custom operators: autograd to any order, vmap, compile
functions     conv, conv_transpose
contest       who is faster at a problem: PyTorch or we
replacement   install, uninstall, installed

`docs/doors/torch.md` says how to use it, and what it brings.
"""

try:
    import torch as _torch  # noqa: F401
except ImportError:
    raise ImportError(
        "convcore.adapters.torch: needs PyTorch, and there is none; install it with: "
        'pip install "convcore[torch]"'
    ) from None

from .functions import conv, conv_transpose
from .replacement import install, installed, uninstall

__all__ = ["conv", "conv_transpose", "install", "installed", "uninstall"]
