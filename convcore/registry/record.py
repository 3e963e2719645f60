"""One backend as the registry knows it: a name, who ships it, and its class once loaded."""

from __future__ import annotations

import importlib
import inspect
import warnings

from .. import settings
from ..errors import BackendLoadError
from ..plugin import Convolution, Declaration
from . import locks


class BackendRecord:
    """One backend: its name, who ships it, and how far loading it has got.

    Attributes
    ----------
    name : str
        What `backend=` takes; ``"distribution:name"`` where two distributions claim the name.
    distribution, version : str or None
        Who ships it; None for a class registered in this process.
    state : str
        "unloaded", "available", "unavailable" (something it needs is not installed), "broken"
        (it failed to load) or "blocked" (by CONVCORE_BLOCK).
    error : BaseException or None
        What went wrong while loading, with its traceback.
    declaration : Declaration or None
        What the backend promises, once it is loaded.
    """

    def __init__(
        self, name: str, target: type | str, distribution: str | None, version: str | None
    ) -> None:
        self.name = name
        self.target = target
        self.distribution = distribution
        self.version = version
        self.error: BaseException | None = None
        self._state = "unloaded"
        self._class: type[Convolution] | None = None

    @property
    def blocked(self) -> bool:
        """Whether CONVCORE_BLOCK names this backend."""
        return self.name in settings.environment().block

    @property
    def state(self) -> str:
        """How far loading has got."""
        return "blocked" if self.blocked else self._state

    @property
    def declaration(self) -> Declaration | None:
        """What the backend promises, once it is loaded."""
        return self._class.declaration if self._class else None

    def load(self) -> type[Convolution]:
        """The backend's class, imported at the first call.

        Raises
        ------
        BackendLoadError
            If it could not be loaded, now or earlier; the original exception is its cause.
        """
        if self._class is None:
            with locks.loading:
                if self._state == "unloaded":
                    self._state = "loading"
                    self._load()
        if self._class is None:
            raise BackendLoadError(f"{self._title} is {self._state}: {self.reason}") from self.error
        return self._class

    @property
    def reason(self) -> str:
        """Why the backend is not available, in one line."""
        return _one_line(self.error) if self.error else "its import is under way"

    def _load(self) -> None:
        try:
            self._class = checked(_resolve(self.target))
            self._state = "available"
        except (Exception, SystemExit) as error:
            self.error = error
            self._state = "unavailable" if self._is_missing(error) else "broken"
        except BaseException:
            self._state = "unloaded"
            raise
        if self._state == "broken":
            warn(f"{self._title} is broken: {_one_line(self.error)}")

    @property
    def _title(self) -> str:
        """The backend, who ships it, and where it points."""
        return f"backend '{self.name}' of {self.distribution or 'this process'} ({self.target})"

    def _is_missing(self, error: BaseException) -> bool:
        """Whether the backend itself is sound, and something that it needs is not installed."""
        if isinstance(error, BackendLoadError):
            return True
        own = str(self.target).partition(":")[0].partition(".")[0]
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        return missing is not None and "." not in missing and missing != own

    def __repr__(self) -> str:
        return f"<backend '{self.name}' of {self.distribution}: {self.state}>"


def warn(message: str) -> None:
    """Warn about the registry's content, once for each message and caller."""
    warnings.warn(message, RuntimeWarning, stacklevel=3)


def _resolve(target: type | str) -> object:
    if not isinstance(target, str):
        return target
    module, _, qualname = target.partition(":")
    found: object = importlib.import_module(module)
    for part in filter(None, qualname.split(".")):
        found = getattr(found, part)
    return found


def checked(found: object) -> type[Convolution]:
    """`found` if it is a complete backend class; TypeError if not."""
    if not (isinstance(found, type) and issubclass(found, Convolution)):
        raise TypeError(f"backend: must be a Convolution subclass; got {found!r}")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise TypeError(f"backend: must implement {missing}; got the abstract {found.__name__}")
    if not isinstance(getattr(found, "name", None), str):
        raise TypeError(f"backend: must have a name; got {found.__name__} without one")
    if not isinstance(getattr(found, "declaration", None), Declaration):
        raise TypeError(f"backend: must have a declaration; got {found.__name__} without one")
    return found


def _one_line(error: BaseException | None) -> str:
    return str(error) if isinstance(error, BackendLoadError) else f"{type(error).__name__}: {error}"
