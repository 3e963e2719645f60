"""Which backend is asked for: argument > `use_backend` > `set_default_backend` > CONVCORE_BACKEND.

Where none of them says anything, the choice is automatic.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from .. import registry, settings
from ..contract import Convolution
from ..errors import OptionError


def requested_backend(argument: settings.BackendSpec) -> tuple[settings.BackendSpec, str]:
    """The backend that is asked for, with every name known, and by what; None is automatic."""
    _, spec, source = settings.backend_in_force(check_spec(argument))
    if source == "CONVCORE_BACKEND":
        for name in (spec,) if isinstance(spec, str) else spec:
            registry.find(name, source)
    return spec, source


def check_spec(spec: settings.BackendSpec) -> settings.BackendSpec:
    """`spec` with a list as a tuple, once every name in it is known to be installed."""
    if isinstance(spec, list | tuple):
        if not spec:
            raise OptionError(f"backend: must name at least one; got {spec!r}")
        return tuple(_check_entry(entry) for entry in spec)
    return None if spec is None else _check_entry(spec)


def _check_entry(spec: Any) -> str | type[Convolution]:
    if isinstance(spec, str):
        registry.find(spec)
        return spec
    if not isinstance(spec, type):
        raise OptionError(
            f"backend: must be a name, a Convolution subclass or a list of those; got {spec!r}"
        )
    return registry.requested_class(spec)


def use_backend(backend: settings.BackendSpec) -> AbstractContextManager[None]:
    """Backend for every call inside a `with` block that does not name one itself.

    It says nothing outside the block, and nothing at all without one: for a whole process there is
    `set_default_backend`.

    Parameters
    ----------
    backend : str, Convolution subclass, list of those, or None
        What runs; a list is an ordered fallback; None leaves things as they are.

    Raises
    ------
    UnknownBackendError
        If a name is not known, at once.
    OptionError
        If it is nothing that could name a backend.

    Examples
    --------
    >>> import convcore
    >>> with convcore.use_backend("naive"):
    ...     convcore.plan((1, 1, 8), (1, 1, 3)).name
    'naive'
    """
    spec = check_spec(backend)
    return settings.overriding(**({} if spec is None else {"backend": spec}))


def set_default_backend(backend: settings.BackendSpec) -> None:
    """Backend of this process where neither argument nor `use_backend` names one; None resets.

    Raises
    ------
    UnknownBackendError
        If a name is not known.
    OptionError
        If it is nothing that could name a backend.
    """
    settings.set_defaults(settings.defaults()._replace(backend=check_spec(backend)))


def set_default_options(
    *,
    threads: int | None = None,
    accuracy: str | None = None,
    max_workspace: int | None = None,
    deterministic: settings.Determinism | None = None,
    planning: str | None = None,
    precision: str | None = None,
) -> None:
    """Options of this process, in all its threads, where no enclosing `options` names them.

    What is not named stays as it was set before; called without any, it takes all of them back. The
    environment comes after them. Threads see these, pools of threads too, while a ``with options``
    block is seen by a thread only where it runs in a copy of the context. A process that is forked
    starts with those of its parent; one that is spawned, as by multiprocessing's default pools on
    most systems, has to set its own, for instance in the pool's initializer.

    Parameters
    ----------
    threads, accuracy, max_workspace, deterministic, planning, precision
        As in `options`.

    Raises
    ------
    OptionError
        If a value is none that the option can have.

    Examples
    --------
    >>> import convcore
    >>> convcore.set_default_options(threads=1)
    >>> convcore.plan((1, 1, 8), (1, 1, 3)).threads
    1
    >>> convcore.set_default_options()
    """
    changes = settings.parsed_options(
        threads, accuracy, max_workspace, deterministic, planning, precision
    )
    found = settings.defaults()
    kept = found if changes else settings.Context(backend=found.backend)
    settings.set_defaults(kept._replace(**changes))
