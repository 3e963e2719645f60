"""Who takes part: every backend and every peer, as a call that computes one operation.

A backend takes part by its public function, with all that it does for a user on every call. Its
name with "+prepared" stands for a plan whose weight was prepared once, outside the timing.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from .. import functional, registry
from ..contract import Convolution
from ..errors import ConvcoreError
from ..plugin import Array, Geometry, Operation
from ..testing import Problem, operands
from .peers import Call, Peer

AUTOMATIC = "auto"
PREPARED = "+prepared"

# Slow paths of peers fall below 10^9 FLOP per second: a task with more FLOP than this is tried on
# a part of its output first, a 32nd of the first axis.
_LONG_FLOP, _PARTS = 1e10, 32


@dataclass(frozen=True)
class Task:
    """One operation of a named problem, with its operands."""

    problem: Problem
    operation: Operation
    first: Array
    second: Array

    @property
    def geometry(self) -> Geometry:
        """The problem in integers."""
        return self.problem.geometry

    @property
    def title(self) -> str:
        """What a progress bar says."""
        return f"{self.problem.name} {self.operation}"


@dataclass(frozen=True)
class Contender:
    """A backend or a peer; `version` is that of the distribution it comes from."""

    name: str
    kind: Literal["backend", "peer"]
    version: str | None
    peer: Peer | None = None

    def enter(self, task: Task) -> Entry:
        """The call that runs a task.

        Raises
        ------
        Refused
            With its own reason, if it cannot run the task.
        """
        return _peer_entry(self.peer, task) if self.peer else _backend_entry(self.name, task)


@dataclass(frozen=True)
class Entry:
    """A call ready to be timed, and what makes an array of its own of what it returns.

    Expected seconds, bytes of workspace and the backend that runs where they are known.
    """

    call: Call
    array: Callable[[Any], Array] = np.asarray
    expected: float | None = None
    workspace: int | None = None
    backend: str | None = None


class Refused(Exception):  # noqa: N818, an answer and no error
    """A contender does not run a task; the reason is its text."""


def backends(names: list[str] | None) -> list[Contender]:
    """The backends of these names, or all that the automatic choice may pick.

    Raises
    ------
    UnknownBackendError, BackendLoadError
        If a name is not known, or its backend could not be loaded.
    """
    for name in names or ():
        if base_name(name) != AUTOMATIC:
            registry.get_backend(base_name(name))
    records = {record.name: record for record in registry.backends()}
    if names is None:
        names = [name for name, record in records.items() if _takes_part(record)]
    versions = {name: record.version for name, record in records.items()}
    return [Contender(name, "backend", versions.get(base_name(name))) for name in names]


def base_name(name: str) -> str:
    """The backend that a contender is a variant of.

    Examples
    --------
    >>> base_name("fft+prepared"), base_name("fft")
    ('fft', 'fft')
    """
    return name.removesuffix(PREPARED)


def _takes_part(record: Any) -> bool:
    return bool(record.state == "available" and record.declaration.automatic)


def peer(connected: Peer) -> Contender:
    """A peer as a contender."""
    return Contender(connected.name, "peer", connected.version, connected)


def _peer_entry(connected: Peer, task: Task) -> Entry:
    reason = connected.refusal(task.geometry, task.operation)
    if reason is None and str(task.first.dtype) not in connected.dtypes:
        reason = f"dtype {task.first.dtype} is not one of {', '.join(connected.dtypes)}"
    if reason is not None:
        raise Refused(reason)
    expected = _extrapolated(connected, task) if task.geometry.flop > _LONG_FLOP else None
    call = connected.prepare(task.geometry, task.operation, task.first, task.second)
    return Entry(call, connected.array, expected)


def _extrapolated(connected: Peer, task: Task) -> float:
    """Expected seconds of a peer, from the second call on a part of the output."""
    p = task.geometry
    rows, stride = p.output_extents[0], p.stride[0]
    left_out = (rows - max(1, rows // _PARTS)) * stride
    part = replace(p, input_extents=(p.input_extents[0] - left_out, *p.input_extents[1:]))
    pair = operands("random", part, str(task.first.dtype), task.operation)
    call = connected.prepare(part, task.operation, *pair)
    call()
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * p.flop / part.flop


def _backend_entry(name: str, task: Task) -> Entry:
    spec = None if base_name(name) == AUTOMATIC else base_name(name)
    try:
        plan = _plan(task, spec)
    except ConvcoreError as error:
        raise Refused(str(error)) from None
    expected = plan.estimate(task.geometry, plan.dtype, task.operation, threads=plan.threads)
    call = _prepared_call(plan, task) if name.endswith(PREPARED) else _call(task, spec)
    workspace = plan.workspace_bytes(task.operation)
    return Entry(call, np.asarray, expected, workspace, plan.name)


def _plan(task: Task, backend: str | None) -> Convolution:
    geometry = task.geometry
    return functional.plan(
        geometry.input_shape,
        geometry.weight_shape,
        dtype=task.first.dtype,
        operation=task.operation,
        backend=backend,
        **_options(geometry),
    )


def _options(geometry: Geometry) -> dict[str, Any]:
    names = ("stride", "padding", "dilation", "groups")
    return {name: getattr(geometry, name) for name in names}


def _prepared_call(plan: Convolution, task: Task) -> Call:
    """The method of the plan with a weight prepared for it."""
    if task.operation == "grad_weight":
        raise Refused("grad_weight takes no weight that could be prepared")
    weight = plan.prepare(task.second, operation=task.operation)
    return functools.partial(getattr(plan, task.operation), task.first, weight)


def _call(task: Task, backend: str | None) -> Call:
    """The public function, with all that it does for a user."""
    options, geometry = _options(task.geometry) | {"backend": backend}, task.geometry
    if task.operation == "forward":
        return functools.partial(functional.conv, task.first, task.second, **options)
    operands = (task.first, task.second)
    if task.operation == "grad_input":
        shape = geometry.input_shape
        return functools.partial(functional.conv_grad_input, *operands, shape, **options)
    shape = geometry.weight_shape
    return functools.partial(functional.conv_grad_weight, *operands, shape, **options)
