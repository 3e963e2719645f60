"""What a comparison found, and the numbers derived from it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any, Literal

from ..plugin import Geometry, Operation
from .roofline import BANDWIDTH_METHOD, PEAK_METHOD, Roofline

# Attributes of a result that stand in the JSON as they are.
_STORED = (
    *("problem", "operation", "contender", "kind", "workspace", "backend", "expected"),
    *("reason", "wrong"),
)


@dataclass(frozen=True)
class Result:
    """One contender on one task: its samples, or the reason why there are none.

    Parameters
    ----------
    problem, operation, contender
        Which task, and who.
    kind : {"backend", "peer"}
        What the contender is.
    geometry : Geometry
        The problem in integers.
    seconds : tuple of float
        Samples, in the order in which they were taken.
    workspace : int, optional
        Bytes of workspace that the backend states.
    backend : str, optional
        The backend that ran, also where it was chosen automatically.
    expected : float, optional
        Seconds that the backend estimates, or to which a part of the task extrapolates.
    reason : str, optional
        Why it did not run.
    wrong : bool
        Whether it raised, or gave another result than the first contender.
    """

    problem: str
    operation: Operation
    contender: str
    kind: Literal["backend", "peer"]
    geometry: Geometry
    seconds: tuple[float, ...] = ()
    workspace: int | None = None
    backend: str | None = None
    expected: float | None = None
    reason: str | None = None
    wrong: bool = False

    @property
    def task(self) -> tuple[str, Operation]:
        """What has to be equal for two results to be compared."""
        return self.problem, self.operation

    @property
    def best(self) -> float:
        """Least time of a call in seconds: what the machine can do, undisturbed."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """Usual time of a call in seconds."""
        return statistics.median(self.seconds)

    @property
    def rate(self) -> float:
        """FLOP per second at its best, counted by the definition whatever the algorithm."""
        return self.geometry.flop / self.best


@dataclass(frozen=True)
class Comparison:
    """All results of one run, and the conditions under which they were taken."""

    dtype: str
    threads: int
    roofline: Roofline
    versions: dict[str, str | None]
    absent: dict[str, str]
    notes: list[str]
    results: list[Result] = field(default_factory=list)
    interrupted: bool = False

    @property
    def timed(self) -> list[Result]:
        """Results with samples."""
        return [result for result in self.results if result.seconds]

    def share(self, result: Result, itemsize: int) -> float:
        """Attained part of the roofline; above 1 where an algorithm needs fewer operations."""
        return self.roofline.seconds(result.geometry, itemsize) / result.best

    def best_peer(self, result: Result) -> Result | None:
        """The fastest peer on the same task."""
        peers = [r for r in self.timed if r.task == result.task and r.kind == "peer"]
        return min(peers, key=lambda r: r.best, default=None)

    def ratio(self, result: Result) -> float | None:
        """Time in units of that of the best peer; below 1 is faster than every peer."""
        peer = self.best_peer(result)
        return None if peer is None else result.best / peer.best

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; times in seconds, memory in bytes."""
        return {
            "dtype": self.dtype,
            "threads": self.threads,
            "roofline": {
                "flop_per_second": self.roofline.peak,
                "bytes_per_second": self.roofline.bandwidth,
                "flop_per_second_method": PEAK_METHOD,
                "bytes_per_second_method": BANDWIDTH_METHOD,
            },
            "versions": self.versions,
            "absent": self.absent,
            "notes": self.notes,
            "interrupted": self.interrupted,
            "results": [self._row(result) for result in self.results],
        }

    def _row(self, result: Result) -> dict[str, Any]:
        row = {name: getattr(result, name) for name in _STORED} | {"flop": result.geometry.flop}
        if not result.seconds:
            return row
        return row | {
            "seconds": list(result.seconds),
            "best": result.best,
            "median": result.median,
            "flop_per_second": result.rate,
            "roofline_share": self.share(result, itemsize_of(self.dtype)),
            "bound": self.roofline.bound(result.geometry, itemsize_of(self.dtype)),
            "ratio_to_best_peer": self.ratio(result),
        }


def itemsize_of(dtype: str) -> int:
    """Bytes of one element."""
    return {"float32": 4, "float64": 8}[dtype]
