"""Options and where their values come from: argument, context, process default, environment.

values      the values that an option can have
variables   the environment, read at the first use, never at import
contexts    what `with` blocks and `set_defaults` have set
in_force    the value of every option here and now, and what set it
"""

from .contexts import Context, context, default_key, defaults, options, overriding, set_defaults
from .in_force import Provenance, Settings, backend_in_force, provenance, resolve
from .values import (
    ACCURACIES,
    AUTOMATIC,
    PLANNINGS,
    PRECISIONS,
    BackendSpec,
    Determinism,
    parsed_options,
)
from .variables import Environment, environment

__all__ = [
    "ACCURACIES",
    "AUTOMATIC",
    "PLANNINGS",
    "PRECISIONS",
    "BackendSpec",
    "Context",
    "Determinism",
    "Environment",
    "Provenance",
    "Settings",
    "backend_in_force",
    "context",
    "default_key",
    "defaults",
    "environment",
    "options",
    "overriding",
    "parsed_options",
    "provenance",
    "resolve",
    "set_defaults",
]
