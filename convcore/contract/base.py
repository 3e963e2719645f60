"""What every plan carries: a problem, and the options that it is to run under."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..errors import GeometryError, UnsupportedError
from ..problem import Geometry, Operation
from .arrays import parse_dtype
from .declaration import Declaration
from .limits import parse_threads, parse_workspace
from .processors import available_cpus


class Planned:
    """A problem, a dtype and the limits of a call, read-only and picklable; see `Convolution`."""

    name: ClassVar[str]
    declaration: ClassVar[Declaration]
    # Whether a plan may be of float16 or bfloat16: the host's own.
    _takes_halves: ClassVar[bool] = False

    def __init__(
        self,
        geometry: Geometry,
        dtype: Any,
        threads: int | None,
        max_workspace: int | None,
        variants: Mapping[Operation, str] | None = None,
        batch_invariant: bool = False,
    ) -> None:
        if not isinstance(geometry, Geometry):
            raise GeometryError(f"geometry: must be a Geometry; got {geometry!r}")
        self._geometry = geometry
        self._dtype = parse_dtype(dtype, halves=self._takes_halves)
        self._threads = available_cpus() if threads is None else parse_threads("threads", threads)
        self._max_workspace = parse_workspace(max_workspace)
        self._variants = None if variants is None else dict(variants)
        self._batch_invariant = batch_invariant
        self._check_capabilities()
        # How an equal object is built elsewhere; the registry puts the backend's name here.
        self._factory: Callable[..., Planned] = type(self)
        # What mends a result that is not finite, where the host asks for that.
        self._repair: Callable[..., None] | None = None

    def _check_capabilities(self) -> None:
        capabilities = self.declaration.capabilities
        if self._variants is not None and "variants" not in capabilities:
            text = f"backend '{self.name}' has no variants; got {self._variants!r}"
            raise UnsupportedError(text)
        if self._batch_invariant and "batch_invariant" not in capabilities:
            raise UnsupportedError(f"backend '{self.name}' does not take batch_invariant=True")

    @classmethod
    def share_loops_in(cls, team: int) -> None:
        """Share loops from now on among the threads of another library.

        Parameters
        ----------
        team : int
            Address of a function that calls another in every thread of a team, the calling one
            among them, as GNU OpenMP's GOMP_parallel; 0 stands for threads of the backend's own.

        Notes
        -----
        A backend that has no threads of its own does nothing.
        """

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
        """Bytes of workspace to stay under; None stands for the backend's own limit."""
        return self._max_workspace

    def __repr__(self) -> str:
        shapes = f"{self._geometry.input_shape} * {self._geometry.weight_shape}"
        return f"<{type(self).__name__} '{self.name}' {shapes} {self._dtype}>"

    def _limits(self) -> dict[str, Any]:
        """The keywords that an equal plan is built with."""
        limits: dict[str, Any] = {"threads": self._threads, "max_workspace": self._max_workspace}
        if self._variants is not None:
            limits["variants"] = self._variants
        if self._batch_invariant:
            limits["batch_invariant"] = True
        return limits

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._factory, self._geometry, self._dtype, self._limits())


def _rebuild(
    factory: Callable[..., Planned],
    geometry: Geometry,
    dtype: np.dtype[Any],
    limits: dict[str, Any],
) -> Planned:
    return factory(geometry, dtype, **limits)
