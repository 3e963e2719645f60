"""Whether two contenders computed the same: a wrong adapter must not win."""

from __future__ import annotations

import numpy as np

from ..plugin import Array
from ..testing import unit_bound
from .contenders import Task

# Both results may be rounded, by algorithms whose error is bounded by norms only.
_UNITS = 64


def disagreement(task: Task, got: object, want: Array) -> str | None:
    """How `got` differs from `want` by more than rounding, or None if it does not.

    Examples
    --------
    >>> import numpy as np
    >>> from convcore.testing.catalogue.problems import ALONE
    >>> task = Task(ALONE["1d"], "forward", np.ones((1, 2, 9)), np.ones((3, 2, 3)))
    >>> want = np.full((1, 3, 7), 6.0)
    >>> disagreement(task, want + 1e-15, want)
    >>> disagreement(task, want + 0.1, want)
    'is off by 0.1, more than rounding explains (1.48e-13)'
    """
    if not isinstance(got, np.ndarray) or got.shape != want.shape or got.dtype != want.dtype:
        shape, dtype = (getattr(got, name, type(got).__name__) for name in ("shape", "dtype"))
        return f"must give shape {want.shape} and dtype {want.dtype}; got {shape} and {dtype}"
    bound = _UNITS * unit_bound("normwise", task.geometry, task.operation, task.first, task.second)
    error = np.abs(got - want)
    if (error <= bound).all():
        return None
    return f"is off by {error.max():.3g}, more than rounding explains ({bound.max():.3g})"
