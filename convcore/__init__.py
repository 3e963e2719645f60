"""N-d convolution for NumPy arrays, with both gradients and interchangeable backends.

One call, from the outside in::

    functional   conv(input, weight): checks the arrays, extends the input where asked, adds a bias
        |        calls are kept: equal ones are planned once
    planning     which backend, and why: argument > with > default > environment > estimate
        |
    registry     names to classes, through entry points, loaded at first use
        |
    contract     Convolution: one problem bound to one backend; checks, allocates, calls its method
        |
    backends/    naive, im2col, fft, ... each a package of its own that sees `plugin` only

`problem` (extents, padding, stride, dilation, groups as integers) is built once on the way and is
all that the rooms share. The core holds no compiled code and computes no convolution itself.

"Convolution" means the sliding product without a flip, as in every network library; `flip=True`
gives the true one. Why the *backward* pass is a true convolution is told in network/WHY.md.
"""

import importlib
from typing import Any

from . import plugin
from .errors import (
    BackendLoadError,
    ConvcoreError,
    DtypeError,
    GeometryError,
    OptionError,
    ShapeError,
    UnknownBackendError,
    UnsupportedError,
)
from .functional import (
    conv,
    conv_grad_input,
    conv_grad_weight,
    conv_transpose,
    conv_transpose_vjp,
    conv_vjp,
    explain,
    plan,
    separable,
)
from .planning import set_default_backend, set_default_options, use_backend
from .plugin import Convolution, Declaration, Refusal
from .problem import Geometry
from .registry import backends, get_backend, refresh_backends, register_backend
from .settings import options

__version__ = "0.2.0"

__all__ = [
    "BackendLoadError",
    "ConvcoreError",
    "Convolution",
    "Declaration",
    "DtypeError",
    "Geometry",
    "GeometryError",
    "OptionError",
    "Refusal",
    "ShapeError",
    "UnknownBackendError",
    "UnsupportedError",
    "__version__",
    "backends",
    "conv",
    "conv_grad_input",
    "conv_grad_weight",
    "conv_transpose",
    "conv_transpose_vjp",
    "conv_vjp",
    "explain",
    "get_backend",
    "network",
    "options",
    "plan",
    "plugin",
    "refresh_backends",
    "register_backend",
    "scipy",
    "separable",
    "set_default_backend",
    "set_default_options",
    "testing",
    "typing",
    "use_backend",
    "wisdom",
]

_LAZY = ("network", "scipy", "testing", "typing", "wisdom")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
