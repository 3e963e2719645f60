"""Who takes part: every backend and every peer, as a call that computes one operation."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal

from .. import functional, registry
from ..convolution import Convolution
from ..errors import ConvcoreError
from ..plugin import Array, Geometry, Operation
from ..testing.problems import Problem
from .peers import Call, Peer

AUTOMATIC = "auto"


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
    """A call ready to be timed; bytes of workspace and expected seconds where they are known."""

    call: Call
    workspace: int | None = None
    expected: float | None = None


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
        if name != AUTOMATIC:
            registry.get_backend(name)
    records = {record.name: record for record in registry.backends()}
    if names is None:
        names = [name for name, record in records.items() if _takes_part(record)]
    return [
        Contender(name, "backend", records[name].version if name in records else None)
        for name in names
    ]


def _takes_part(record: Any) -> bool:
    return bool(record.state == "available" and record.declaration.automatic)


def peer(connected: Peer) -> Contender:
    """A peer as a contender."""
    return Contender(connected.name, "peer", connected.version, connected)


def _peer_entry(connected: Peer, task: Task) -> Entry:
    reason = connected.refusal(task.geometry, task.operation)
    if reason is not None:
        raise Refused(reason)
    return Entry(connected.prepare(task.geometry, task.operation, task.first, task.second))


def _backend_entry(name: str, task: Task) -> Entry:
    spec = None if name == AUTOMATIC else name
    try:
        plan = _plan(task, spec)
    except ConvcoreError as error:
        raise Refused(str(error)) from None
    expected = plan.estimate(task.geometry, plan.dtype, task.operation, threads=plan.threads)
    return Entry(_call(task, spec), plan.workspace_bytes(task.operation), expected)


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
