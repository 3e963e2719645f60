"""Names to backend classes: found through entry points, loaded at first use, broken ones kept.

The scan happens once, at the first question, and never at ``import convcore``. A plugin that fails
to load is data: its record keeps the exception, the others work on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .. import settings
from ..errors import BackendLoadError, OptionError, UnknownBackendError, UnsupportedError
from ..plugin import Convolution
from ..text import did_you_mean
from . import entry_points, locks
from .record import BackendRecord, checked, warn

# Backends of this distribution keep their short names, whatever else is installed.
OWN = "convcore"


_installed: dict[str, BackendRecord] | None = None
_registered: dict[str, BackendRecord] = {}
_generation = 0


def generation() -> int:
    """Counts the changes of the registry, so that a cache can tell when it is out of date."""
    return _generation


def records() -> list[BackendRecord]:
    """All known backends, loaded or not, in order of name."""
    return [record for _, record in sorted(_table().items())]


def backends() -> list[BackendRecord]:
    """All known backends; loads each that is not blocked, once, so that their states are final.

    Returns
    -------
    list of BackendRecord
        With the attributes name, distribution, version, state, error and declaration.

    Examples
    --------
    >>> import convcore
    >>> {"naive", "im2col", "fft"} <= {record.name for record in convcore.backends()}
    True
    """
    for record in (found := records()):
        try_load(record)
    return found


def try_load(record: BackendRecord) -> type[Convolution] | None:
    """The class of `record`, or None where it is blocked or cannot be loaded."""
    try:
        return None if record.blocked else record.load()
    except BackendLoadError:
        return None


def find(name: str, source: str = "backend") -> BackendRecord:
    """Record of a backend by its name or by ``"distribution:name"``; `source` is what names it.

    Raises
    ------
    UnknownBackendError
        If no backend, or more than one, answers to the name.
    """
    table = _table()
    if name in table:
        return table[name]
    for record in table.values():
        if f"{record.distribution}:{record.name}" == name:
            return record
    claimed = [full for full in table if full.rpartition(":")[2] == name]
    if claimed:
        raise UnknownBackendError(
            f"{source}: several distributions claim the name; got {name!r}; "
            f"write one of {', '.join(repr(full) for full in claimed)}"
        )
    raise UnknownBackendError(f"{source}: {unknown(name, table)}")


def unknown(name: str, known: Iterable[str]) -> str:
    """The sentence for a name that is not known, with what is and the nearest to it."""
    installed = ", ".join(sorted(known)) or "none"
    return f"unknown name {name!r}; installed: {installed}{did_you_mean(name, known)}"


def get_backend(name: str) -> type[Convolution]:
    """Class of a backend by its name or by ``"distribution:name"``.

    Raises
    ------
    UnknownBackendError
        If no backend answers to the name.
    UnsupportedError
        If CONVCORE_BLOCK names it.
    BackendLoadError
        If it could not be loaded; the original exception is its cause.

    Examples
    --------
    >>> import convcore
    >>> convcore.get_backend("naive").name
    'naive'
    """
    record = find(name)
    if record.blocked:
        raise UnsupportedError(f"backend '{record.name}' is blocked by CONVCORE_BLOCK")
    return record.load()


def register_backend(target: type[Convolution] | str, name: str | None = None) -> None:
    """Make a backend known in this process, without an entry point.

    Registering a name again replaces what this process registered under it before.

    Parameters
    ----------
    target : Convolution subclass or str
        The class, or ``"module:Class"``, which is imported at first use.
    name : str, optional
        What `backend=` will take; the class's own `name` by default.

    Raises
    ------
    OptionError
        If `target` is no complete Convolution subclass, or the name is no string or taken by an
        installed backend, or none is given for a string.
    """
    global _generation
    name = _checked_name(target, name)
    installed = _scanned()
    if name in installed:
        owner = installed[name].distribution
        raise OptionError(f"name: must not be that of an installed backend; got {name!r} ({owner})")
    with locks.table:
        _registered[name] = BackendRecord(name, target, None, None)
        _generation += 1


def _checked_name(target: type[Convolution] | str, name: str | None) -> str:
    """What `target` is to be called, once it is known that it can be."""
    if not isinstance(target, str):
        own = requested_class(target).name
        name = own if name is None else name
    if name is None:
        raise OptionError(f"name: must be given with a string; got None for {target!r}")
    if not isinstance(name, str) or not name:
        raise OptionError(f"name: must be a string that is not empty; got {name!r}")
    return name


def requested_class(target: object) -> type[Convolution]:
    """`target`, which somebody gave for a backend, if it is a complete Convolution subclass."""
    try:
        return checked(target)
    except TypeError as error:
        raise OptionError(str(error)) from None


def refresh_backends() -> None:
    """Look again: at what is installed, at what failed to load, and at the environment."""
    global _installed, _generation
    entry_points.forget()
    settings.environment.cache_clear()
    with locks.table:
        _installed = None
        _generation += 1
        for name, record in _registered.items():
            _registered[name] = BackendRecord(name, record.target, None, None)


@contextmanager
def isolated() -> Iterator[None]:
    """A registry with nothing but what is installed, and no default; afterwards all is as before.

    For tests: it is that of the whole process while it lasts.
    """
    global _registered
    kept, defaults = _registered, settings.defaults()
    _registered = {}
    settings.set_defaults(settings.Context())
    refresh_backends()
    try:
        yield
    finally:
        _registered = kept
        settings.set_defaults(defaults)
        refresh_backends()


def _table() -> dict[str, BackendRecord]:
    return _scanned() | _registered


def _scanned() -> dict[str, BackendRecord]:
    global _installed
    with locks.table:
        if _installed is not None:
            return _installed
        entries = entry_points.scan()
        names = {entry: _unique_name(entry, entries) for entry in entries}
        _installed = {
            name: BackendRecord(name, entry.value, entry.distribution, entry.version)
            for entry, name in names.items()
        }
        found = _installed
    _warn_conflicts(entries, names)
    _warn_blocked(found)
    return found


def _unique_name(entry: entry_points.Entry, entries: list[entry_points.Entry]) -> str:
    rivals = [other for other in entries if other.name == entry.name]
    if len(rivals) == 1 or entry.distribution == OWN:
        return entry.name
    return f"{entry.distribution}:{entry.name}"


def _warn_conflicts(
    entries: list[entry_points.Entry], names: dict[entry_points.Entry, str]
) -> None:
    for name, count in Counter(entry.name for entry in entries).items():
        if count > 1:
            owners = [
                f"{e.distribution} {e.version} ({e.value})" for e in entries if e.name == name
            ]
            full = [repr(names[entry]) for entry in entries if entry.name == name]
            warn(
                f"backend name '{name}' is claimed by {' and '.join(owners)}; "
                f"they are reachable as {' and '.join(full)}"
            )


def _warn_blocked(table: dict[str, BackendRecord]) -> None:
    known = table | _registered
    for name in sorted(settings.environment().block - set(known)):
        warn(f"CONVCORE_BLOCK: {unknown(name, known)}")
