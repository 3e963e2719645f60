"""Attributes that are computed when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    derived = cached_property
else:

    class derived:  # noqa: N801
        """A `functools.cached_property` without a lock.

        That of Python 3.11 holds one while it computes: threads that ask for the same attribute of
        two objects wait for each other, and a child forked meanwhile would wait for ever. Here two
        threads may both compute a value, and either may stay, for they are equal.
        """

        def __init__(self, compute: Callable[[Any], Any]) -> None:
            self.compute = compute
            self.__doc__ = compute.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __get__(self, instance: Any, owner: type) -> Any:
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.compute(instance)
            return value
