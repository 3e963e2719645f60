"""What every plan carries: a problem, and the options that it is to run under."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..errors import GeometryError
from ..problem import Geometry, parse_threads, parse_workspace
from .arrays import BACKEND_DTYPES, parse_dtype


def available_cpus() -> int:
    """Number of processors that this process may run on."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Planned:
    """A problem, a dtype and the limits of a call, read-only and picklable; see `Convolution`."""

    name: ClassVar[str]

    def __init__(
        self, geometry: Geometry, dtype: Any, *, threads: int | None, max_workspace: int | None
    ) -> None:
        if not isinstance(geometry, Geometry):
            raise GeometryError(f"geometry: must be a Geometry; got {geometry!r}")
        self._geometry = geometry
        self._dtype = parse_dtype(dtype, BACKEND_DTYPES)
        self._threads = available_cpus() if threads is None else parse_threads("threads", threads)
        self._max_workspace = parse_workspace(max_workspace)
        # How an equal object is built elsewhere; the registry puts the backend's name here.
        self._factory: Callable[..., Planned] = type(self)

    @property
    def geometry(self) -> Geometry:
        """The problem."""
        return self._geometry

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the operands and of the result."""
        return self._dtype

    @property
    def threads(self) -> int:
        """Number of threads a call may use."""
        return self._threads

    @property
    def max_workspace(self) -> int | None:
        """Bytes of scratch memory to stay under; None stands for the backend's own bound."""
        return self._max_workspace

    def __repr__(self) -> str:
        shapes = f"{self._geometry.input_shape} * {self._geometry.weight_shape}"
        return f"<{type(self).__name__} '{self.name}' {shapes} {self._dtype}>"

    def __reduce__(self) -> tuple[Any, ...]:
        options = (self._geometry, self._dtype, self._threads, self._max_workspace)
        return _rebuild, (self._factory, *options)


def _rebuild(
    factory: Callable[..., Planned],
    geometry: Geometry,
    dtype: np.dtype[Any],
    threads: int,
    max_workspace: int | None,
) -> Planned:
    return factory(geometry, dtype, threads=threads, max_workspace=max_workspace)
