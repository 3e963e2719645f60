"""Backends whose operations take a time by a clock that stands still between them."""

from __future__ import annotations

from fakes import backend_class

import convcore


class Clock:
    """Seconds that pass only where somebody says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def timed_class(name, clock, takes, *, expects=1e-12, variants=None, log=None, **declared):
    """A backend that takes so many seconds, and other ones by its variants; notes runs in `log`.

    `takes` may be an iterator, of one time after the other, or an exception to raise.
    """
    takes = {"default": takes} | (variants or {})
    if variants:
        declared["capabilities"] = ("variants",)

    class Timed(backend_class(name, seconds=expects, **declared)):
        @classmethod
        def variants(cls, geometry, dtype, operation, *, threads, max_workspace=None):
            return tuple(takes)

        def describe(self, operation):
            return (self._variants or {}).get(operation, "default")

        def _forward(self, first, second, result):
            way = self.describe(getattr(self, "operation", "forward"))
            if log is not None:
                log.append((name, way))
            seconds = takes[way]
            if isinstance(seconds, Exception):
                raise seconds
            clock.now += seconds if isinstance(seconds, float) else next(seconds)
            result.fill(3)

        def _grad_input(self, first, second, result):
            self._forward(first, second, result)

        _grad_weight = _grad_input

    Timed.name = name
    return Timed


def measured_plan(*shapes, **arguments):
    """The plan of a problem by what is measured."""
    with convcore.options(planning="measure"):
        return convcore.plan(*shapes, **({"operation": "forward"} | arguments))
