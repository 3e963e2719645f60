"""How a plan is built again elsewhere, from the name of its backend."""

from __future__ import annotations

from typing import Any

from ..plugin import Convolution
from .table import get_backend


class NamedFactory:
    """Builds a plan from a backend's name: what a pickled plan carries instead of a class."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **options: Any) -> Convolution:
        """Plan of the backend that has this name where the call is made."""
        plan = get_backend(self.name)(*args, **options)
        plan._factory = self
        return plan
