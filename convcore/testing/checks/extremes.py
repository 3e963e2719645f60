"""The check of a covering array: wherever two extremes of a problem meet."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...plugin import OPERATIONS, Convolution
from ..cases import Case
from ..catalogue.covering import SPACES, Space
from ..catalogue.greedy import Row
from ..check import Profile, check
from .arrays import out_guarded

# Of the quick profile: ranks 1 and 2.
QUICK = SPACES[:2]


def where_extremes_meet(backend: type[Convolution], profile: Profile) -> Iterator[Case]:
    """Every problem of the covering arrays of the declared ranks, in every operation."""
    names, ranks = backend.declaration.dtypes, backend.declaration.ranks
    for space in SPACES if profile == "standard" else QUICK:
        if not set(space.ranks) & set(ranks):
            continue

        def accepts(row: Row, space: Space = space) -> bool:
            dtype = np.dtype(space.dtype(row, names))
            return backend.refusal(space.geometry(row), dtype) is None

        for row in space.completed(accepts):
            for operation in OPERATIONS:
                yield Case(backend, space.geometry(row), space.dtype(row, names), operation)


@check(where_extremes_meet)
def extremes(case: Case) -> None:
    """Wherever two extremes meet the result is right, and nothing beyond the arrays is touched."""
    out_guarded(case)
