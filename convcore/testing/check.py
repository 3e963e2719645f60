"""What a check is, which checks there are, and over which cases each of them runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, product
from types import ModuleType
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

from ..plugin import OPERATIONS, Convolution, Declaration, Geometry
from .cases import Case
from .catalogue.problems import Problem

Profile = Literal["quick", "standard"]
PROFILES: tuple[Profile, ...] = ("quick", "standard")
Domain: TypeAlias = Callable[[type[Convolution], Profile], Iterable[Case]]
Problems: TypeAlias = Mapping[str, Problem] | Sequence[Geometry]
Body = TypeVar("Body", bound=Callable[[Any], Any])


@dataclass(frozen=True)
class Check:
    """One named property of a backend.

    Parameters
    ----------
    name : str
        What `checks=` and `expected_failures=` call it.
    summary : str
        The property, in one line.
    body : callable
        Takes a `Case` (or the backend class where there is no domain), raises `CheckFailure`,
        and returns the measured error in units of the bound where it measures one.
    domain : callable, optional
        The cases to look at for a backend and a profile; None to look at the class once.
    """

    name: str
    summary: str
    body: Callable[[Any], float | None]
    domain: Domain | None = None


_registered: list[Check] = []


def check(domain: Domain | None = None) -> Callable[[Body], Body]:
    """Register the decorated function as a check over `domain`."""

    def register(body: Body) -> Body:
        summary = (body.__doc__ or "").strip().splitlines()[0]
        _registered.append(Check(body.__name__, summary, body, domain))
        return body

    return register


def in_order(modules: Iterable[ModuleType]) -> dict[str, Check]:
    """The registered checks by name, module by module."""
    names = [module.__name__ for module in modules]
    ordered = sorted(_registered, key=lambda check: names.index(check.body.__module__))
    return {check.name: check for check in ordered}


def over(
    dtypes: Callable[[Declaration], Sequence[str]],
    *always: Problems,
    rotate: Problems = (),
    turns: Problems = (),
    later: Problems = (),
    data: str = "integers",
) -> Domain:
    """Cases of every operation on many problems.

    Parameters
    ----------
    dtypes : callable
        Which of a declaration's dtypes to take, for instance `floats`.
    *always : catalogue or sequence of Geometry
        Problems that meet all these dtypes.
    rotate : catalogue or sequence of Geometry
        Problems that meet all of them in the standard profile; in the quick one they take turns.
    turns : catalogue or sequence of Geometry
        Problems that take turns in both profiles.
    later : catalogue or sequence of Geometry
        Problems of the standard profile only, where they take turns.
    data : str
        Kind of data, see `convcore.testing.data.operands`.
    """
    crossed = [geometry for part in always for geometry in geometries(part)]
    rotated, turning, added = geometries(rotate), geometries(turns), geometries(later)

    def cases(backend: type[Convolution], profile: Profile) -> Iterator[Case]:
        names = dtypes(backend.declaration)
        pairs = list(product(crossed, names))
        pairs += product(rotated, names) if profile == "standard" else _turns(rotated, names)
        pairs += _turns(turning, names)
        pairs += _turns(added, names) if profile == "standard" else ()
        for geometry, dtype in pairs:
            for operation in OPERATIONS:
                yield Case(backend, geometry, dtype, operation, data)

    return cases


def _turns(problems: list[Geometry], dtypes: Sequence[str]) -> Iterable[tuple[Geometry, str]]:
    return zip(problems, cycle(dtypes), strict=False)


def geometries(part: Problems) -> list[Geometry]:
    """The geometries of a catalogue, or of a plain sequence of them."""
    if isinstance(part, Mapping):
        return [problem.geometry for problem in part.values()]
    return list(part)


def floats(declaration: Declaration) -> tuple[str, ...]:
    """The declared dtypes with rounding."""
    return tuple(name for name in declaration.dtypes if np.dtype(name).kind in "fc")


def integers(declaration: Declaration) -> tuple[str, ...]:
    """The declared dtypes that wrap."""
    return tuple(name for name in declaration.dtypes if np.dtype(name).kind in "iu")


def every(declaration: Declaration) -> tuple[str, ...]:
    """All declared dtypes."""
    return declaration.dtypes


def first(declaration: Declaration) -> tuple[str, ...]:
    """One declared dtype, with rounding if there is one: for checks that take long."""
    return (floats(declaration) or declaration.dtypes)[:1]
