"""What another library has to be turned into to run side by side with the backends."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ...plugin import Array, Geometry, Operation

Call: TypeAlias = Callable[[], Any]


class Peer(ABC):
    """Another library, used as its users would: NumPy arrays in and out, its own defaults.

    `name` is what users type, `module` what is imported, `dtypes` are those that it takes. An
    adapter that departs from the first line, in whosever favour, says so in its docstring.

    Parameters
    ----------
    threads : int
        Threads that it may use, as many as the backends.

    Raises
    ------
    ImportError
        If it, or something that this adapter needs, is not installed.
    """

    name: ClassVar[str]
    module: ClassVar[str]
    dtypes: ClassVar[tuple[str, ...]] = ("float32", "float64")

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.library: Any = importlib.import_module(self.module)
        self.version = str(self.library.__version__)

    @abstractmethod
    def refusal(self, geometry: Geometry, operation: Operation) -> str | None:
        """Why it cannot run the problem, or None if it can."""

    @abstractmethod
    def prepare(
        self, geometry: Geometry, operation: Operation, first: Array, second: Array
    ) -> Call:
        """A call without arguments that computes the result from the operands.

        What a user would do once (build a session, compile) is done here; what has to happen for
        every new input (wrapping, conversion) happens in the call.

        Parameters
        ----------
        geometry : Geometry
            A problem that `refusal` lets pass.
        operation : {"forward", "grad_input", "grad_weight"}
            What to compute.
        first, second : ndarray
            Its operands, in the order of the method of `Convolution` of that name.
        """

    def array(self, result: Any) -> Array:
        """What the call returned as an array of its own; not timed."""
        return np.array(result)


def symmetric_padding(geometry: Geometry) -> tuple[int, ...] | None:
    """Padding per axis where it is the same before and after and crops nothing, else None."""
    if any(before != after or before < 0 for before, after in geometry.padding):
        return None
    return tuple(before for before, _ in geometry.padding)


def unless_inference(geometry: Geometry, operation: Operation) -> str | None:
    """Why a library without gradients, whose padding never crops, cannot run the problem."""
    if operation != "forward":
        return "has no gradient of a convolution"
    if min(min(pair) for pair in geometry.padding) < 0:
        return f"padding {geometry.padding} crops"
    return None
