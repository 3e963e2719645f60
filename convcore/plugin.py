"""The face that backends import: the contract, the geometry, the errors, and nothing else.

A backend is a `Convolution` subclass with a `name`, a `declaration` and three methods. It is found
through an entry point in the group ``convcore.backends``, whose value is ``"module:Class"``. Where
something that it needs is not installed, its module raises `BackendLoadError` with the reason.
"""

from .contract import (
    FLOAT_NAMES,
    FORK_GATE,
    INTEGER_NAMES,
    Array,
    Convolution,
    Declaration,
    Refusal,
)
from .errors import BackendLoadError, ConvcoreError, UnsupportedError
from .problem import OPERATIONS, Geometry, Operation, derived

__all__ = [
    "FLOAT_NAMES",
    "FORK_GATE",
    "INTEGER_NAMES",
    "OPERATIONS",
    "Array",
    "BackendLoadError",
    "ConvcoreError",
    "Convolution",
    "Declaration",
    "Geometry",
    "Operation",
    "Refusal",
    "UnsupportedError",
    "derived",
]
