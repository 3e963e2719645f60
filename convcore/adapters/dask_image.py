"""The linear filters of dask-image, chunk by chunk on ours, through its own registration.

    from convcore.adapters import dask_image
    dask_image.install()

From then on `dask_image.ndfilters.gaussian`, `convolve`, `sobel` and the others compute each chunk
of NumPy by `convcore.scipy.ndimage`, whose functions have the semantics of SciPy's. The options in
force where a filter is called, and the backend, travel with its tasks.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import settings
from ..planning import requested_backend

try:
    from dask_image import dispatch as _dispatch
except ImportError:
    raise ImportError(
        "convcore.adapters.dask_image: needs dask-image, and there is none; install it with: "
        "pip install dask-image"
    ) from None

# What dask-image calls its functions in `dask_image.dispatch`, after "dispatch_".
FILTERS = (
    "convolve",
    "correlate",
    "gaussian_filter",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "laplace",
    "prewitt",
    "sobel",
    "uniform_filter",
)
# What was registered before.
_theirs: dict[str, Callable[..., Any]] = {}


def install() -> None:
    """Compute chunks of NumPy by our filters."""
    for name in FILTERS:
        dispatcher = _dispatcher(name)
        _theirs.setdefault(name, dispatcher.dispatch(np.ndarray))
        dispatcher.register(np.ndarray, partial(_chosen, name))


def uninstall() -> None:
    """Compute them by SciPy's again."""
    for name, function in _theirs.items():
        _dispatcher(name).register(np.ndarray, function)
    _theirs.clear()


def _dispatcher(name: str) -> Any:
    return getattr(_dispatch._dispatch_ndfilters, f"dispatch_{name}")


def _chosen(name: str, *image: Any) -> Callable[..., Any]:
    """What computes a chunk; dask-image asks when a filter is called."""
    spec, _ = requested_backend(None)
    in_force = settings.context()._asdict()
    return partial(filter_chunk, name, in_force | {"backend": spec or settings.AUTOMATIC})


def filter_chunk(name: str, in_force: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    """One chunk by one filter; runs on a worker."""
    ndimage = importlib.import_module("convcore.scipy.ndimage")
    with settings.overriding(**in_force):
        return getattr(ndimage, name)(*args, **kwargs)
