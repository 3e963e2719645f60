"""How fast this machine can be: its FMA rate and its memory bandwidth, measured as it is used.

The roofline model [1]_ bounds a computation from below by its arithmetic at the peak rate and by
the data it must touch at the memory's rate, whichever takes longer.

References
----------
.. [1] S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance model
   for multicore architectures", Commun. ACM 52 (2009), figure 1.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..plugin import Array, Geometry

# Extent of the square matrices, and bytes of the array that each thread copies: far beyond caches.
_MATRIX, _COPY = 1536, 64 * 2**20
_REPEATS = 3

PEAK_METHOD = f"best numpy.matmul of {_MATRIX} x {_MATRIX} matrices: the attainable FMA rate"
BANDWIDTH_METHOD = f"best numpy.copyto of {_COPY >> 20} MiB a thread, bytes read and written"


@dataclass(frozen=True)
class Roofline:
    """Peak rate in FLOP per second and memory bandwidth in bytes per second."""

    peak: float
    bandwidth: float

    def seconds(self, geometry: Geometry, itemsize: int) -> float:
        """Least time of any of the three operations, computed by its definition.

        An algorithm with fewer multiplications, such as a transform, may be faster.
        """
        return max(self._times(geometry, itemsize))

    def bound(self, geometry: Geometry, itemsize: int) -> Literal["arithmetic", "memory"]:
        """Which of the two takes longer."""
        arithmetic, memory = self._times(geometry, itemsize)
        return "arithmetic" if arithmetic >= memory else "memory"

    def _times(self, geometry: Geometry, itemsize: int) -> tuple[float, float]:
        return geometry.flop / self.peak, traffic(geometry, itemsize) / self.bandwidth

    def better(self, other: Roofline) -> Roofline:
        """The faster of each; other work on the machine makes a measurement only slower."""
        return Roofline(max(self.peak, other.peak), max(self.bandwidth, other.bandwidth))


def traffic(geometry: Geometry, itemsize: int) -> int:
    """Bytes that every operation must touch: both operands and the result, once each."""
    shapes = (geometry.input_shape, geometry.weight_shape, geometry.output_shape)
    return itemsize * sum(int(np.prod(shape)) for shape in shapes)


def measure(dtype: Any, threads: int) -> Roofline:
    """Measure both rates on `threads` threads; BLAS must have been told of that number."""
    return Roofline(_peak(np.dtype(dtype)), _bandwidth(threads))


def _peak(dtype: np.dtype[Any]) -> float:
    first = np.full((_MATRIX, _MATRIX), 0.5, dtype)
    out = np.empty_like(first)
    return 2 * _MATRIX**3 / _best(lambda: np.matmul(first, first, out=out))


def _bandwidth(threads: int) -> float:
    pairs = [(np.zeros(_COPY, np.uint8), np.ones(_COPY, np.uint8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        seconds = _best(lambda: list(pool.map(_copy, pairs)))
    return 2 * _COPY * threads / seconds


def _copy(pair: tuple[Array, Array]) -> None:
    np.copyto(*pair)


def _best(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
