"""What is to be computed, and under which options."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import settings
from ..problem import OPERATIONS, Geometry, Operation


class Question(NamedTuple):
    """Which backend is to run this? The operation None stands for all three."""

    geometry: Geometry
    dtype: np.dtype[Any]
    operation: Operation | None
    options: settings.Settings

    @classmethod
    def now(cls, geometry: Geometry, dtype: np.dtype[Any], operation: Operation | None) -> Question:
        """The question under the options that are in force here and now."""
        return cls(geometry, dtype, operation, settings.resolve())

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations that have to run."""
        return OPERATIONS if self.operation is None else (self.operation,)

    @property
    def judged_threads(self) -> int:
        """Threads that estimates are for: one where no number of them may change who runs."""
        return 1 if self.options.deterministic else self.options.threads

    @property
    def judged(self) -> Question:
        """The question that is measured in its place: under the threads that it is judged by."""
        return self._replace(options=self.options._replace(threads=self.judged_threads))
