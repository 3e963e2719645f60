"""The exception classes, nothing else.

Every message is one sentence of the form ``<argument>: <rule>; got <value>[; <what to do>]``.
"""

import re

_LINE_BREAK = re.compile(r"\s*\n\s*")


class ConvcoreError(Exception):
    """Base class of every exception that convcore raises on purpose."""

    def __str__(self) -> str:
        return _LINE_BREAK.sub(" ", super().__str__())  # which the repr of an array has


class GeometryError(ConvcoreError, ValueError):
    """Stride, padding, dilation, groups or extents that describe no convolution."""


class ShapeError(ConvcoreError, ValueError):
    """An array that does not fit the problem: rank, extents, layout of `out`, overlap."""


class DtypeError(ConvcoreError, TypeError):
    """An operand that is no plain NumPy array, or has a dtype that does not belong here."""


class OptionError(ConvcoreError, ValueError):
    """A value that an option, an operation or `backend=` does not take."""


class UnknownBackendError(ConvcoreError, LookupError):
    """A backend name that nothing installed or registered answers to."""


class UnsupportedError(ConvcoreError, NotImplementedError):
    """A backend asked for by name that cannot run this problem."""


class BackendLoadError(ConvcoreError, ImportError):
    """A backend that is registered but could not be loaded.

    A backend's module raises it itself where something it needs is not installed: it is then
    listed as *unavailable* with that sentence, rather than as *broken*.
    """
