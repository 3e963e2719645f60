"""Backends and distributions that exist for one test only, and which real ones there are."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import convcore
from convcore.plugin import Convolution, Declaration


@cache
def own_backends():
    """Names of the backends of this distribution that run here and may be chosen automatically."""
    return [
        record.name
        for record in convcore.backends()
        if record.distribution == "convcore"
        and record.state == "available"
        and record.declaration.automatic
    ]


def looking_backend():
    """A backend that keeps the arrays of each call, and the list where it keeps them."""
    seen = []

    class Looking(convcore.get_backend("naive")):
        name = "looking"

        def _forward(self, *arrays):
            seen.append(arrays)
            super()._forward(*arrays)

        def _grad_input(self, *arrays):
            seen.append(arrays)
            super()._grad_input(*arrays)

    return Looking, seen


BACKEND = """
from convcore.plugin import Convolution, Declaration


class {cls}(Convolution):
    name = "{name}"
    declaration = Declaration(dtypes=("float32", "float64"), automatic={automatic})

    def _forward(self, first, second, result):
        result.fill({value})

    _grad_input = _grad_weight = _forward
"""


def backend_source(name, *, cls="Fake", value=7, automatic=False):
    """Source of a backend that fills every result with `value`, so that one sees who ran."""
    return BACKEND.format(name=name, cls=cls, value=value, automatic=automatic)


def backend_class(name, *, value=7, seconds=None, refusal=None, workspace=0, **declared):
    """Like `backend_source`, as a class; an exception given as an answer is raised instead."""

    class Fake(Convolution):
        declaration = Declaration(**{"dtypes": ("float32", "float64")} | declared)

        @classmethod
        def refusal(cls, geometry, dtype, operation=None):
            return super().refusal(geometry, dtype, operation) or _answer(refusal, operation)

        @classmethod
        def estimate(cls, geometry, dtype, operation, *, threads):
            return _answer(seconds, operation)

        def workspace_bytes(self, operation):
            return _answer(workspace, operation)

        def _forward(self, first, second, result):
            result.fill(_answer(value))

        _grad_input = _grad_weight = _forward

    Fake.name = name
    return Fake


def counting_class(name, log, *, built=None, **answers):
    """Like `backend_class`, noting in `log` when it is asked how long it takes, built, or measured.

    `built` is an exception for the constructor to raise.
    """

    class Counting(backend_class(name, **answers)):
        def __init__(self, *problem, **limits):
            log.append(f"{name} built")
            if built is not None:
                raise built
            super().__init__(*problem, **limits)

        @classmethod
        def estimate(cls, *problem, threads):
            log.append(f"{name} estimate")
            return super().estimate(*problem, threads=threads)

        def workspace_bytes(self, operation):
            log.append(f"{name} workspace")
            return super().workspace_bytes(operation)

    Counting.name = name
    return Counting


def _answer(given, operation=None):
    if isinstance(given, Exception):
        raise given
    return given[operation] if isinstance(given, dict) else given


@dataclass(frozen=True)
class Distribution:
    """Metadata and modules of a distribution below the folder `site`."""

    site: Path
    metadata: Path

    @classmethod
    def write(cls, site, name, points, modules, version="1.0", kind="dist-info"):
        """Write a distribution with entry points of convcore's group."""
        infix = f"-{version}" if kind == "dist-info" else ""
        metadata = site / f"{name.replace('-', '_')}{infix}.{kind}"
        metadata.mkdir(parents=True)
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (metadata / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_text(head)
        lines = [f"{point} = {value}" for point, value in points.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[convcore.backends]", *lines, ""]))
        for module, source in modules.items():
            (site / f"{module}.py").write_text(source)
        return cls(site, metadata)

    def uninstall(self):
        """Remove the metadata and have convcore look again."""
        shutil.rmtree(self.metadata)
        convcore.refresh_backends()


def goes_on_during(call):
    """Whether this thread goes on before `call`, in another one, has ended: it releases the GIL."""
    ended = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)  # nobody gives the interpreter away before that, unless in C
    try:
        worker = threading.Thread(target=lambda: (call(), ended.append(time.perf_counter())))
        worker.start()
        seen = time.perf_counter()
        worker.join()
    finally:
        sys.setswitchinterval(interval)
    return seen < ended[0]
