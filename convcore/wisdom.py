"""What was measured on this machine, and is kept for every process: which backend to run.

`options(planning="measure")` makes the automatic choice go by measured times. What is not known yet
is measured when it is first planned, which takes up to a second or some calls' worth of time, and
is appended to a file in the user's cache folder, from where every later process has it. Whatever
the choice depends on is part of what it is kept under: the problem, the options, the processor, the
versions of libraries and backends. ``convcore tune`` measures in advance.

The environment variable CONVCORE_WISDOM names another file, or is "ro" to read the file and never
write it, or "off" for neither. Without the extra `tune` (filelock and platformdirs), and where the
file cannot be written, what is measured serves its process alone, and a warning says so.
"""

from __future__ import annotations

import os
from pathlib import Path

from . import settings
from .planning import current_wisdom

__all__ = ["export", "forget", "import_", "path"]


def path() -> Path | None:
    """The file that holds what was measured, which need not exist yet; None where there is none.

    Examples
    --------
    >>> import convcore.wisdom
    >>> file = convcore.wisdom.path()
    """
    return current_wisdom().path


def export(target: str | os.PathLike[str]) -> int:
    """Write all that is known here to a file, to be imported elsewhere.

    Parameters
    ----------
    target : path
        The file, which is overwritten.

    Returns
    -------
    int
        Number of choices.
    """
    return current_wisdom().export(Path(target))


def import_(source: str | os.PathLike[str]) -> int:
    """Take over what another process or machine has exported; it comes before what is known.

    Parameters
    ----------
    source : path
        The file.

    Returns
    -------
    int
        Number of choices that serve here: those measured on a machine like this one, processor,
        versions and all. Those of other machines are kept beside them, and left alone.

    Raises
    ------
    OSError
        If it is no file that can be read.
    OptionError
        If it holds no wisdom.
    """
    taken = current_wisdom().take(Path(source))
    _plan_anew()
    return taken


def forget() -> None:
    """Forget all that was measured, and delete the file, with what other machines kept in it.

    Where CONVCORE_WISDOM is "ro" or "off", the process forgets, and the file stays.

    Raises
    ------
    ImportError
        If filelock is not installed, which keeps others from writing meanwhile.
    OSError
        If the file cannot be deleted, or holds something else.
    """
    current_wisdom().forget()
    _plan_anew()


def _plan_anew() -> None:
    """Have calls that are kept planned again."""
    settings.set_defaults(settings.defaults())
