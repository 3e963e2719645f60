"""Failures as text: what went wrong, and Python code that goes wrong in the same way."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from .cases import Case
from .failures import CheckFailure


def label(backend: Any) -> str:
    """A name for the report, of anything that was given as a backend."""
    name = backend if isinstance(backend, str) else attempt(lambda: backend.name, None)
    return name if isinstance(name, str) else attempt(lambda: repr(backend), "an object")


def explain(error: BaseException, subject: Any) -> str:
    """One sentence for what a check found, or for the exception that came out of a backend."""
    where = f" [{_where(subject)}]" if isinstance(subject, Case) else ""
    if isinstance(error, CheckFailure):
        return f"{error}{where}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"raised {attempt(lambda: repr(error), type(error).__name__)}{place}{where}"


def attempt(call: Callable[[], Any], otherwise: Any) -> Any:
    """What `call` returns, or `otherwise` where foreign code makes it raise."""
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException:
        return otherwise


def _where(case: Case) -> str:
    p = case.geometry
    options = ", ".join(
        f"{name}={getattr(p, name)}" for name in ("stride", "padding", "dilation", "groups")
    )
    return f"{case.operation} {case.dtype} {p.input_shape} * {p.weight_shape}, {options}"


def script(check: str, subject: Any) -> str:
    """Runnable Python that fails as `check` did on `subject`, a `Case` or a backend class.

    A class that no import reaches stands in it as `Backend`, to be defined beforehand.
    """
    if not isinstance(subject, Case):
        head = [_import(subject), "from convcore.testing import run_check", ""]
        return "\n".join([*head, _run(check, "Backend")])
    options = {"data": subject.data, "seed": subject.seed, "threads": subject.threads}
    keywords = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return "\n".join(
        [
            _import(subject.backend),
            "from convcore.plugin import Geometry",
            "from convcore.testing import Case, run_check",
            "",
            f"geometry = {subject.geometry!r}",
            f"case = Case(Backend, geometry, {subject.dtype!r}, {subject.operation!r}, {keywords})",
            "first, second = case.operands()",
            f"plan = Backend(geometry, {subject.dtype!r}, threads={subject.threads})",
            f"result = plan.{subject.operation}(first, second)",
            _run(check, "case"),
        ]
    )


def _run(check: str, subject: str) -> str:
    return f"run_check({check!r}, {subject})  # raises"


_ORIGIN = ("__module__", "__qualname__")


def _import(backend: Any) -> str:
    """How to get hold of the class under test."""
    module, name = (attempt(partial(getattr, backend, a), "") for a in _ORIGIN)
    found = attempt(lambda: getattr(sys.modules[module], name), None)
    if found is not backend or module == "__main__" or not name:
        return f"# Backend = {module}.{name}, the object given to check_backend"
    return f"from {module} import {name} as Backend"
