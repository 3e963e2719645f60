"""Which backend runs a problem, and why."""

from .candidate import Problem
from .explanation import explain, plan
from .selection import asked_for, check_spec, choose, set_default_backend, use_backend

__all__ = [
    "Problem",
    "asked_for",
    "check_spec",
    "choose",
    "explain",
    "plan",
    "set_default_backend",
    "use_backend",
]
