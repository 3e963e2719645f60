"""Names to backend classes: found through entry points, loaded at first use.

entry_points   what is installed; nothing is imported
record         one backend: who ships it, its class once loaded, what went wrong
table          all of them by name
factory        how a plan is built again elsewhere
locks          the two locks, and what happens to them in a fork
"""

from .factory import NamedFactory
from .record import BackendRecord, checked, warn
from .table import (
    backends,
    find,
    generation,
    get_backend,
    isolated,
    records,
    refresh_backends,
    register_backend,
    requested_class,
    try_load,
)

__all__ = [
    "BackendRecord",
    "NamedFactory",
    "backends",
    "checked",
    "find",
    "generation",
    "get_backend",
    "isolated",
    "records",
    "refresh_backends",
    "register_backend",
    "requested_class",
    "try_load",
    "warn",
]
